#include "actors/kubelet/pod/view.hpp"

#include "config/api/quantity.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

const json& none() {
  static const json null;
  return null;
}

/// The member, or null where there is none.
const json& at(const json& in, const char* key) {
  if (!in.is_object())
    return none();
  auto found = in.find(key);
  return found == in.end() ? none() : *found;
}

std::string text(const json& in, const char* key, std::string otherwise = {}) {
  const auto& value = at(in, key);
  return value.is_null() ? std::move(otherwise) : value.get<std::string>();
}

template <class T> T value(const json& in, const char* key, T otherwise) {
  const auto& found = at(in, key);
  return found.is_null() ? otherwise : found.get<T>();
}

template <class T> std::optional<T> maybe(const json& in, const char* key) {
  const auto& found = at(in, key);
  return found.is_null() ? std::nullopt : std::optional<T>(found.get<T>());
}

std::vector<std::string> texts(const json& in, const char* key) {
  const auto& found = at(in, key);
  return found.is_null() ? std::vector<std::string>() : found.get<std::vector<std::string>>();
}

duration seconds(const json& in, const char* key, std::int64_t otherwise) {
  return std::chrono::seconds(value<std::int64_t>(in, key, otherwise));
}

/// An IntOrString as text.
std::string port_text(const json& in, const char* key) {
  const auto& found = at(in, key);
  return found.is_number() ? std::to_string(found.get<std::int64_t>())
         : found.is_null() ? std::string()
                           : found.get<std::string>();
}

template <class Read> auto each(const json& in, const char* key, Read read) {
  std::vector<decltype(read(in))> out;
  for (const auto& one : at(in, key))
    out.push_back(read(one));
  return out;
}

amounts read_amounts(const json& in) {
  auto of = [&](const char* key) {
    const auto& found = at(in, key);
    if (found.is_null())
      return api::quantity();
    auto parsed = api::quantity::parse(found.is_string() ? found.get<std::string>() : found.dump());
    return parsed ? *parsed : api::quantity();
  };
  return {of("cpu").milli(), of("memory").units(), of("ephemeral-storage").units()};
}

env_var read_env(const json& in) {
  env_var out{text(in, "name"), text(in, "value")};
  const auto& from = at(in, "valueFrom");
  if (const auto& f = at(from, "fieldRef"); !f.is_null())
    out.value = from_field{text(f, "fieldPath")};
  else if (const auto& r = at(from, "resourceFieldRef"); !r.is_null())
    out.value = from_resource{text(r, "containerName"), text(r, "resource"), text(r, "divisor")};
  else if (const auto& c = at(from, "configMapKeyRef"); !c.is_null())
    out.value = from_key{false, text(c, "name"), text(c, "key"), value(c, "optional", false)};
  else if (const auto& s = at(from, "secretKeyRef"); !s.is_null())
    out.value = from_key{true, text(s, "name"), text(s, "key"), value(s, "optional", false)};
  return out;
}

env_source read_env_source(const json& in) {
  auto secret = !at(in, "secretRef").is_null();
  const auto& ref = at(in, secret ? "secretRef" : "configMapRef");
  return {secret, text(ref, "name"), text(in, "prefix"), value(ref, "optional", false)};
}

container_port read_port(const json& in) {
  return {text(in, "name"), text(in, "protocol", "TCP"), value(in, "containerPort", 0),
          value(in, "hostPort", 0), text(in, "hostIP")};
}

seccomp_profile read_seccomp(const json& in) {
  const auto& profile = at(in, "seccompProfile");
  return {text(profile, "type"), text(profile, "localhostProfile")};
}

security_context read_security(const json& in) {
  security_context out;
  out.run_as_user = maybe<std::int64_t>(in, "runAsUser");
  out.run_as_group = maybe<std::int64_t>(in, "runAsGroup");
  out.run_as_non_root = maybe<bool>(in, "runAsNonRoot");
  out.allow_escalation = maybe<bool>(in, "allowPrivilegeEscalation");
  out.privileged = value(in, "privileged", false);
  out.read_only_root = value(in, "readOnlyRootFilesystem", false);
  out.unmasked_proc = text(in, "procMount") == "Unmasked";
  out.add = texts(at(in, "capabilities"), "add");
  out.drop = texts(at(in, "capabilities"), "drop");
  out.seccomp = read_seccomp(in);
  return out;
}

volume_mount read_mount(const json& in) {
  return {text(in, "name"), text(in, "mountPath"), text(in, "subPath"),
          value(in, "readOnly", false), text(in, "mountPropagation")};
}

std::optional<action> read_action(const json& in) {
  if (const auto& e = at(in, "exec"); !e.is_null())
    return exec_action{texts(e, "command")};
  if (const auto& h = at(in, "httpGet"); !h.is_null()) {
    http_action out;
    out.path = text(h, "path", "/");
    out.port = port_text(h, "port");
    out.host = text(h, "host");
    out.scheme = text(h, "scheme", "HTTP");
    for (const auto& header : at(h, "httpHeaders"))
      out.headers.emplace_back(text(header, "name"), text(header, "value"));
    return out;
  }
  if (const auto& t = at(in, "tcpSocket"); !t.is_null())
    return tcp_action{port_text(t, "port"), text(t, "host")};
  if (const auto& g = at(in, "grpc"); !g.is_null())
    return grpc_action{value(g, "port", 0), text(g, "service")};
  if (const auto& s = at(in, "sleep"); !s.is_null())
    return sleep_action{value<std::int64_t>(s, "seconds", 0)};
  return std::nullopt;
}

std::optional<probe> read_probe(const json& in) {
  auto act = read_action(in);
  if (!act)
    return std::nullopt;
  probe out;
  out.act = *std::move(act);
  out.initial_delay = seconds(in, "initialDelaySeconds", 0);
  out.period = seconds(in, "periodSeconds", 10);
  out.timeout = seconds(in, "timeoutSeconds", 1);
  out.successes = value(in, "successThreshold", 1);
  out.failures = value(in, "failureThreshold", 3);
  out.grace = maybe<std::int64_t>(in, "terminationGracePeriodSeconds");
  return out;
}

std::optional<restart_policy> read_restart(const json& in) {
  auto policy = text(in, "restartPolicy");
  if (policy.empty())
    return std::nullopt;
  return policy == "Never"       ? restart_policy::never
         : policy == "OnFailure" ? restart_policy::on_failure
                                 : restart_policy::always;
}

/// Of what a change means another container: name and image. (Other fields cannot change, or change
/// in place.) FNV-1a, 64 bits.
std::string hash_of(std::string_view name, std::string_view image) {
  std::uint64_t h = 0xcbf29ce484222325U;
  auto add = [&h](std::string_view bytes) {
    for (unsigned char c : bytes)
      h = (h ^ c) * 0x100000001b3U;
    h = (h ^ 0xffU) * 0x100000001b3U;
  };
  add(name);
  add(image);
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(h));
  return digits.data();
}

container read_container(const json& in) {
  container out;
  out.name = text(in, "name");
  out.image = text(in, "image");
  if (auto pull = text(in, "imagePullPolicy"); !pull.empty())
    out.pull = pull == "Always"  ? pull_policy::always
               : pull == "Never" ? pull_policy::never
                                 : pull_policy::if_not_present;
  out.command = texts(in, "command");
  out.args = texts(in, "args");
  out.working_dir = text(in, "workingDir");
  out.env = each(in, "env", read_env);
  out.env_from = each(in, "envFrom", read_env_source);
  out.ports = each(in, "ports", read_port);
  out.requests = read_amounts(at(at(in, "resources"), "requests"));
  out.limits = read_amounts(at(at(in, "resources"), "limits"));
  out.mounts = each(in, "volumeMounts", read_mount);
  out.security = read_security(at(in, "securityContext"));
  out.input = value(in, "stdin", false);
  out.input_once = value(in, "stdinOnce", false);
  out.tty = value(in, "tty", false);
  out.restart = read_restart(in);
  out.liveness = read_probe(at(in, "livenessProbe"));
  out.readiness = read_probe(at(in, "readinessProbe"));
  out.startup = read_probe(at(in, "startupProbe"));
  out.post_start = read_action(at(at(in, "lifecycle"), "postStart"));
  out.pre_stop = read_action(at(at(in, "lifecycle"), "preStop"));
  out.termination_message_path = text(in, "terminationMessagePath", "/dev/termination-log");
  out.fallback_to_logs = text(in, "terminationMessagePolicy") == "FallbackToLogsOnError";
  out.hash = hash_of(out.name, out.image);
  return out;
}

volume read_volume(const json& in) {
  volume out;
  out.name = text(in, "name");
  for (const auto& [key, source] : in.items()) {
    if (key == "name")
      continue;
    out.source = key;
    if (key == "hostPath") {
      out.host_path = text(source, "path");
      out.host_path_type = text(source, "type");
    } else if (key == "emptyDir") {
      out.medium = text(source, "medium");
      if (auto limit = text(source, "sizeLimit"); !limit.empty())
        if (auto size = api::quantity::parse(limit))
          out.size_limit = size->units();
    } else {
      out.json = source.dump();
    }
  }
  return out;
}

void read_dns(const json& spec, pod& out) {
  out.dns_policy = text(spec, "dnsPolicy", "ClusterFirst");
  const auto& config = at(spec, "dnsConfig");
  out.dns_servers = texts(config, "nameservers");
  out.dns_searches = texts(config, "searches");
  out.dns_options = each(config, "options", [](const json& in) {
    return dns_option{text(in, "name"), maybe<std::string>(in, "value")};
  });
}

void read_pod_security(const json& in, pod& out) {
  out.security = read_security(in);
  for (const auto& group : at(in, "supplementalGroups"))
    out.supplemental_groups.push_back(group.get<std::int64_t>());
  out.fs_group = maybe<std::int64_t>(in, "fsGroup");
  for (const auto& sysctl : at(in, "sysctls"))
    out.sysctls.emplace_back(text(sysctl, "name"), text(sysctl, "value"));
}

void read_placement(const json& spec, pod& out) {
  out.tolerations = each(spec, "tolerations", [](const json& in) {
    return toleration{text(in, "key"), text(in, "operator", "Equal"), text(in, "value"),
                      text(in, "effect")};
  });
  for (const auto& [key, wanted] : at(spec, "nodeSelector").items())
    out.node_selector.emplace_back(key, wanted.get<std::string>());
  out.priority = value<std::int64_t>(spec, "priority", 0);
}

void read_spec(const json& spec, pod& out) {
  out.node = text(spec, "nodeName");
  out.init = each(spec, "initContainers", read_container);
  out.containers = each(spec, "containers", read_container);
  out.volumes = each(spec, "volumes", read_volume);
  out.restart = read_restart(spec).value_or(restart_policy::always);
  out.grace = seconds(spec, "terminationGracePeriodSeconds", 30);
  if (auto limit = maybe<std::int64_t>(spec, "activeDeadlineSeconds"))
    out.active_deadline = std::chrono::seconds(*limit);
  out.service_account = text(spec, "serviceAccountName", "default");
  out.hostname = text(spec, "hostname");
  out.subdomain = text(spec, "subdomain");
  out.host_network = value(spec, "hostNetwork", false);
  out.host_pid = value(spec, "hostPID", false);
  out.host_ipc = value(spec, "hostIPC", false);
  out.shared_pid = value(spec, "shareProcessNamespace", false);
  out.service_links = value(spec, "enableServiceLinks", true);
  out.runtime_class = text(spec, "runtimeClassName");
  out.aliases = each(spec, "hostAliases", [](const json& in) {
    return host_alias{text(in, "ip"), texts(in, "hostnames")};
  });
  out.readiness_gates =
    each(spec, "readinessGates", [](const json& in) { return text(in, "conditionType"); });
  out.pull_secrets =
    each(spec, "imagePullSecrets", [](const json& in) { return text(in, "name"); });
  read_dns(spec, out);
  read_pod_security(at(spec, "securityContext"), out);
  read_placement(spec, out);
}

} // namespace

const container* pod::find(std::string_view name) const {
  for (const auto* list : {&init, &containers})
    for (const auto& c : *list)
      if (c.name == name)
        return &c;
  return nullptr;
}

result<pod> read_pod(const api::object& of) {
  try {
    pod out;
    out.meta = of.meta;
    auto tree = json::parse(*of.body);
    read_spec(at(tree, "spec"), out);
    out.is_static = of.meta.annotations.contains("kubernetes.io/config.mirror");
    return out;
  } catch (const json::exception& e) {
    return failure{reason::invalid, "read pod " + of.meta.name + ": " + e.what()};
  }
}

qos qos_of(const pod& p) {
  auto guaranteed = true;
  auto anything = false;
  for (const auto* list : {&p.init, &p.containers})
    for (const auto& c : *list) {
      auto any =
        c.requests.cpu_milli + c.requests.memory_bytes + c.limits.cpu_milli + c.limits.memory_bytes;
      anything = anything || any != 0;
      // A limit alone is its own request.
      auto cpu = c.requests.cpu_milli == 0 || c.requests.cpu_milli == c.limits.cpu_milli;
      auto memory =
        c.requests.memory_bytes == 0 || c.requests.memory_bytes == c.limits.memory_bytes;
      guaranteed =
        guaranteed && cpu && memory && c.limits.cpu_milli != 0 && c.limits.memory_bytes != 0;
    }
  return !anything ? qos::best_effort : guaranteed ? qos::guaranteed : qos::burstable;
}

std::string_view to_string(qos class_) {
  switch (class_) {
  case qos::guaranteed: return "Guaranteed";
  case qos::burstable: return "Burstable";
  default: return "BestEffort";
  }
}

pull_policy effective_pull(const container& c) {
  if (c.pull)
    return *c.pull;
  if (c.image.find('@') != std::string::npos)
    return pull_policy::if_not_present;
  auto name = std::string_view(c.image).substr(c.image.rfind('/') + 1);
  auto colon = name.find(':');
  auto tag = colon == std::string_view::npos ? "latest" : name.substr(colon + 1);
  return tag == "latest" ? pull_policy::always : pull_policy::if_not_present;
}

} // namespace troupe::kubelet
