#include "actors/kubelet/node/status.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

constexpr std::size_t most_images = 50; // nodeStatusMaxImages

json resource_list(const amounts& a, std::uint32_t pods) {
  auto cpu = a.cpu_milli % 1000 == 0 ? std::to_string(a.cpu_milli / 1000)
                                     : std::to_string(a.cpu_milli) + "m";
  return {{"cpu", cpu},
          {"memory", std::to_string(a.memory_bytes / 1024) + "Ki"},
          {"ephemeral-storage", std::to_string(a.ephemeral_bytes / 1024) + "Ki"},
          {"pods", std::to_string(pods)}};
}

struct verdict {
  const char* type;
  bool is;
  std::string reason;
  std::string message;
};

std::vector<verdict> verdicts_of(const node_settings& settings, const node_reading& r) {
  std::vector<verdict> out;
  auto memory = r.machine.memory_available < settings.eviction_memory;
  out.push_back({"MemoryPressure", memory,
                 memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
                 memory ? "kubelet has insufficient memory available"
                        : "kubelet has sufficient memory available"});
  auto disk = r.machine.disk_bytes > 0
              && r.machine.disk_available / std::max<std::uint64_t>(r.machine.disk_bytes / 100, 1)
                   < settings.eviction_disk_percent;
  out.push_back({"DiskPressure", disk, disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
                 disk ? "kubelet has disk pressure" : "kubelet has no disk pressure"});
  out.push_back(
    {"PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"});
  std::string why;
  if (!r.problem.empty())
    why = "container runtime is down: " + r.problem;
  else if (!r.health.runtime_ready)
    why = "container runtime not ready: " + r.health.runtime_message;
  else if (!r.health.network_ready)
    why = "container runtime network not ready: " + r.health.network_message;
  out.push_back({"Ready", why.empty(), why.empty() ? "KubeletReady" : "KubeletNotReady",
                 why.empty() ? "kubelet is posting ready status" : why});
  return out;
}

const json* find_condition(const json& status, const std::string& type) {
  if (!status.is_object() || !status.contains("conditions"))
    return nullptr;
  for (const auto& condition : status["conditions"])
    if (condition.value("type", std::string()) == type)
      return &condition;
  return nullptr;
}

json conditions_of(const std::vector<verdict>& verdicts, const json& before, instant now) {
  auto time = api::format_time(now);
  auto out = json::array();
  if (before.is_object() && before.contains("conditions"))
    for (const auto& old : before["conditions"]) {
      auto ours = std::any_of(verdicts.begin(), verdicts.end(), [&](const auto& v) {
        return old.value("type", std::string()) == v.type;
      });
      if (!ours)
        out.push_back(old);
    }
  for (const auto& v : verdicts) {
    auto turned = time;
    auto status = std::string(v.is ? "True" : "False");
    const auto* old = find_condition(before, v.type);
    if (old != nullptr && old->value("status", std::string()) == status)
      turned = old->value("lastTransitionTime", time);
    out.push_back({{"type", v.type},
                   {"status", status},
                   {"lastHeartbeatTime", time},
                   {"lastTransitionTime", turned},
                   {"reason", v.reason},
                   {"message", v.message}});
  }
  return out;
}

json images_of(std::vector<runtime::image> images) {
  std::sort(images.begin(), images.end(), [](const auto& a, const auto& b) {
    return a.size != b.size ? a.size > b.size : a.id < b.id;
  });
  auto out = json::array();
  for (const auto& image : images) {
    if (out.size() == most_images)
      break;
    auto names = json::array();
    for (const auto* list : {&image.digests, &image.tags})
      for (const auto& name : *list)
        names.push_back(name);
    if (!names.empty())
      out.push_back({{"names", std::move(names)}, {"sizeBytes", image.size}});
  }
  return out;
}

json taint_of(const std::string& text) {
  auto colon = text.rfind(':');
  auto equals = text.find('=');
  auto key = text.substr(0, std::min(equals, colon));
  json out = {{"key", key},
              {"effect", colon == std::string::npos ? "NoSchedule" : text.substr(colon + 1)}};
  if (equals != std::string::npos && equals < colon)
    out["value"] = text.substr(equals + 1, colon - equals - 1);
  return out;
}

void add(amounts& to, const amounts& more) {
  to.cpu_milli += more.cpu_milli;
  to.memory_bytes += more.memory_bytes;
  to.ephemeral_bytes += more.ephemeral_bytes;
}

void raise(amounts& to, const amounts& least) {
  to.cpu_milli = std::max(to.cpu_milli, least.cpu_milli);
  to.memory_bytes = std::max(to.memory_bytes, least.memory_bytes);
  to.ephemeral_bytes = std::max(to.ephemeral_bytes, least.ephemeral_bytes);
}

/// A limit stands for a request that is not given.
amounts request_of(const container& c) {
  auto one = [](std::int64_t request, std::int64_t limit) {
    return request != 0 ? request : limit;
  };
  return {one(c.requests.cpu_milli, c.limits.cpu_milli),
          one(c.requests.memory_bytes, c.limits.memory_bytes),
          one(c.requests.ephemeral_bytes, c.limits.ephemeral_bytes)};
}

struct host_port {
  std::int32_t port = 0;
  std::string protocol;
  std::string address;
};

std::vector<host_port> host_ports(const pod& p) {
  std::vector<host_port> out;
  for (const auto* list : {&p.init, &p.containers})
    for (const auto& c : *list)
      for (const auto& port : c.ports) {
        auto number = port.host_port != 0 ? port.host_port : p.host_network ? port.number : 0;
        if (number != 0)
          out.push_back({number, port.protocol, port.host_ip});
      }
  return out;
}

bool collide(const host_port& a, const host_port& b) {
  auto everywhere = [](const std::string& address) {
    return address.empty() || address == "0.0.0.0";
  };
  return a.port == b.port && a.protocol == b.protocol
         && (everywhere(a.address) || everywhere(b.address) || a.address == b.address);
}

refusal out_of(const std::string& what, std::int64_t requested, std::int64_t used,
               std::int64_t capacity) {
  return {"OutOf" + what,
          "Node didn't have enough resource: " + what + ", requested: " + std::to_string(requested)
            + ", used: " + std::to_string(used) + ", capacity: " + std::to_string(capacity)};
}

} // namespace

amounts capacity_of(const machine_facts& machine) {
  return {std::int64_t{machine.cpus} * 1000, static_cast<std::int64_t>(machine.memory_bytes),
          static_cast<std::int64_t>(machine.disk_bytes)};
}

amounts allocatable_of(const node_settings& settings, const machine_facts& machine) {
  auto out = capacity_of(machine);
  out.cpu_milli = std::max<std::int64_t>(out.cpu_milli - settings.reserved.cpu_milli, 0);
  auto kept = settings.reserved.memory_bytes + static_cast<std::int64_t>(settings.eviction_memory);
  out.memory_bytes = std::max<std::int64_t>(out.memory_bytes - kept, 0);
  out.ephemeral_bytes = out.ephemeral_bytes / 100 * (100 - settings.eviction_disk_percent);
  return out;
}

json new_node(const node_settings& settings, const machine_facts& machine) {
  json labels = {{"kubernetes.io/hostname", settings.name},
                 {"kubernetes.io/os", "linux"},
                 {"kubernetes.io/arch", machine.architecture},
                 {"beta.kubernetes.io/os", "linux"},
                 {"beta.kubernetes.io/arch", machine.architecture}};
  for (const auto& [key, value] : settings.labels)
    labels[key] = value;
  json spec = json::object();
  for (const auto& taint : settings.taints)
    spec["taints"].push_back(taint_of(taint));
  if (!settings.provider_id.empty())
    spec["providerID"] = settings.provider_id;
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", settings.name}, {"labels", std::move(labels)}}},
          {"spec", std::move(spec)}};
}

json node_status(const node_settings& settings, const node_reading& r, const json& before,
                 instant now) {
  json info = {{"machineID", r.machine.machine_id},
               {"systemUUID", r.machine.system_uuid},
               {"bootID", r.machine.boot_id},
               {"kernelVersion", r.machine.kernel},
               {"osImage", r.machine.os_image},
               {"containerRuntimeVersion", r.runtime.name + "://" + r.runtime.version},
               {"kubeletVersion", settings.version},
               {"kubeProxyVersion", ""},
               {"operatingSystem", "linux"},
               {"architecture", r.machine.architecture}};
  auto addresses = json::array();
  if (!settings.address.empty())
    addresses.push_back({{"type", "InternalIP"}, {"address", settings.address}});
  addresses.push_back({{"type", "Hostname"}, {"address", settings.name}});
  return {{"capacity", resource_list(capacity_of(r.machine), settings.max_pods)},
          {"allocatable", resource_list(allocatable_of(settings, r.machine), settings.max_pods)},
          {"conditions", conditions_of(verdicts_of(settings, r), before, now)},
          {"addresses", std::move(addresses)},
          {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", settings.port}}}}},
          {"nodeInfo", std::move(info)},
          {"images", images_of(r.images)}};
}

bool differs(const json& a, const json& b) {
  auto plain = [](json status) {
    if (status.is_object() && status.contains("conditions"))
      for (auto& condition : status["conditions"])
        condition.erase("lastHeartbeatTime");
    return status;
  };
  return plain(a) != plain(b);
}

json new_lease(const node_settings& settings, const std::string& node_uid, duration lasts,
               instant now) {
  json metadata = {{"name", settings.name}, {"namespace", "kube-node-lease"}};
  if (!node_uid.empty())
    metadata["ownerReferences"] = json::array(
      {{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", settings.name}, {"uid", node_uid}}});
  return {
    {"apiVersion", "coordination.k8s.io/v1"},
    {"kind", "Lease"},
    {"metadata", std::move(metadata)},
    {"spec",
     {{"holderIdentity", settings.name},
      {"leaseDurationSeconds", std::chrono::duration_cast<std::chrono::seconds>(lasts).count()},
      {"renewTime", api::format_micro_time(now)}}}};
}

amounts requests_of(const pod& p) {
  amounts sidecars;
  amounts most; // while an init container runs, beside the sidecars before it
  for (const auto& c : p.init) {
    auto own = request_of(c);
    if (is_sidecar(c)) {
      add(sidecars, own);
      raise(most, sidecars);
    } else {
      add(own, sidecars);
      raise(most, own);
    }
  }
  auto out = sidecars;
  for (const auto& c : p.containers)
    add(out, request_of(c));
  raise(out, most);
  return out;
}

std::optional<refusal> refuse(const pod& p, const std::vector<const pod*>& others,
                              const amounts& allocatable, std::uint32_t max_pods,
                              const std::map<std::string, std::string>& node_labels) {
  for (const auto& [key, wanted] : p.node_selector) {
    auto found = node_labels.find(key);
    if (found == node_labels.end() || found->second != wanted)
      return refusal{"NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's "
                                     "node affinity/selector"};
  }
  amounts used;
  auto ports = host_ports(p);
  for (const auto* other : others) {
    add(used, requests_of(*other));
    for (const auto& theirs : host_ports(*other))
      for (const auto& ours : ports)
        if (collide(ours, theirs))
          return refusal{"NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports "
                                      "for the requested pod ports"};
  }
  if (others.size() + 1 > max_pods)
    return out_of("pods", 1, static_cast<std::int64_t>(others.size()), max_pods);
  auto wants = requests_of(p);
  if (wants.cpu_milli > 0 && used.cpu_milli + wants.cpu_milli > allocatable.cpu_milli)
    return out_of("cpu", wants.cpu_milli, used.cpu_milli, allocatable.cpu_milli);
  if (wants.memory_bytes > 0 && used.memory_bytes + wants.memory_bytes > allocatable.memory_bytes)
    return out_of("memory", wants.memory_bytes, used.memory_bytes, allocatable.memory_bytes);
  return std::nullopt;
}

} // namespace troupe::kubelet
