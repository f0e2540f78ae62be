#include "config/api/views/scheduling.hpp"

#include "config/api/quantity.hpp"
#include "config/api/views/parts.hpp"

#include <algorithm>

namespace troupe::views {
namespace {

constexpr std::int64_t default_cpu = 100;                    // thousandths of a core
constexpr std::int64_t default_memory = 200LL * 1024 * 1024; // bytes

amounts read_amounts(reader at) {
  amounts out;
  at.fields([&](std::string_view name, reader value) {
    auto parsed = api::quantity::parse(value.is_text() ? value.text() : value.raw());
    if (parsed)
      out.emplace(name, name == "cpu" ? parsed->milli() : parsed->units());
  });
  return out;
}

void add(amounts& to, const amounts& more) {
  for (const auto& [name, n] : more)
    to[name] += n;
}

void raise(amounts& to, const amounts& floor) {
  for (const auto& [name, n] : floor)
    to[name] = std::max(to[name], n);
}

/// KEP-753: sidecars run beside everything that starts after them.
amounts read_requests(reader spec) {
  amounts running;
  amounts peak;
  amounts sidecars;
  spec["initContainers"].each([&](reader c) {
    auto wants = read_amounts(c["resources"]["requests"]);
    if (c["restartPolicy"].view() == "Always") {
      add(sidecars, wants);
      raise(peak, sidecars);
    } else {
      add(wants, sidecars);
      raise(peak, wants);
    }
  });
  running = sidecars;
  spec["containers"].each(
    [&](reader c) { add(running, read_amounts(c["resources"]["requests"])); });
  raise(running, peak);
  raise(running, read_amounts(spec["resources"]["requests"])); // pod-level requests (KEP-2837)
  add(running, read_amounts(spec["overhead"]));
  return running;
}

node_term read_node_term(reader at) {
  return {.labels = read_requirements(at["matchExpressions"]),
          .fields = read_requirements(at["matchFields"])};
}

pod_term read_pod_term(reader at, std::int64_t weight) {
  return {.selector = read_selector(at["labelSelector"]),
          .topology = at["topologyKey"].text(),
          .namespaces = at["namespaces"].texts(),
          .namespace_selector = read_selector(at["namespaceSelector"]),
          .weight = weight};
}

/// matchLabelKeys and mismatchLabelKeys (KEP-3633): the incoming pod's own values join the
/// selector.
void join_label_keys(reader at, const api::string_map& labels, api::label_selector& selector) {
  auto join = [&](reader keys, api::label_requirement::test what) {
    keys.each([&](reader key) {
      if (auto own = labels.find(key.view()); own != labels.end())
        selector.all.push_back({.key = key.text(), .what = what, .values = {own->second}});
    });
  };
  join(at["matchLabelKeys"], api::label_requirement::test::in);
  join(at["mismatchLabelKeys"], api::label_requirement::test::not_in);
}

void read_pod_terms(reader at, const api::string_map& labels, std::vector<pod_term>& required,
                    std::vector<pod_term>& preferred) {
  auto read = [&](reader term, std::int64_t weight) {
    auto out = read_pod_term(term, weight);
    join_label_keys(term, labels, out.selector);
    return out;
  };
  for (const auto* name : {"requiredDuringSchedulingIgnoredDuringExecution",
                           "requiredDuringSchedulingRequiredDuringExecution"})
    at[name].each([&](reader t) { required.push_back(read(t, 0)); });
  at["preferredDuringSchedulingIgnoredDuringExecution"].each(
    [&](reader t) { preferred.push_back(read(t["podAffinityTerm"], t["weight"].number(1))); });
}

void read_node_affinity(reader at, pod_demand& out) {
  for (const auto* name : {"requiredDuringSchedulingIgnoredDuringExecution",
                           "requiredDuringSchedulingRequiredDuringExecution"}) {
    auto required = at[name];
    if (!required)
      continue;
    out.has_node_terms = true;
    required["nodeSelectorTerms"].each([&](reader t) {
      auto term = read_node_term(t);
      if (!term.labels.empty() || !term.fields.empty()) // an empty term matches no node
        out.node_terms.push_back(std::move(term));
    });
  }
  at["preferredDuringSchedulingIgnoredDuringExecution"].each([&](reader t) {
    out.preferred_nodes.push_back({t["weight"].number(1), read_node_term(t["preference"])});
  });
}

void read_spread(reader at, pod_demand& out) {
  at.each([&](reader c) {
    spread_rule rule{.max_skew = c["maxSkew"].number(1),
                     .topology = c["topologyKey"].text(),
                     .required = c["whenUnsatisfiable"].view() != "ScheduleAnyway",
                     .selector = read_selector(c["labelSelector"]),
                     .min_domains = c["minDomains"].number(1)};
    join_label_keys(c, out.meta.labels, rule.selector);
    out.spread.push_back(std::move(rule));
  });
}

void read_containers(reader spec, pod_demand& out) {
  bool host_network = spec["hostNetwork"].flag();
  spec["containers"].each([&](reader c) {
    out.images.push_back(c["image"].text());
    auto requests = read_amounts(c["resources"]["requests"]);
    auto cpu = requests.find("cpu");
    auto memory = requests.find("memory");
    out.cpu_or_default += cpu == requests.end() ? default_cpu : cpu->second;
    out.memory_or_default += memory == requests.end() ? default_memory : memory->second;
    c["ports"].each([&](reader p) {
      auto port = p["hostPort"].number(host_network ? p["containerPort"].number() : 0);
      if (port > 0)
        out.host_ports.push_back(
          {.ip = p["hostIP"].text(), .protocol = p["protocol"].text("TCP"), .port = port});
    });
  });
}

} // namespace

result<pod_demand> pod_demand::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  auto spec = root["spec"];
  auto affinity = spec["affinity"];
  auto phase = root["status"]["phase"].view();
  pod_demand out;
  out.meta = o.meta;
  out.node = spec["nodeName"].text();
  out.scheduler = spec["schedulerName"].text("default-scheduler");
  out.nominated = root["status"]["nominatedNodeName"].text();
  out.ended = phase == "Succeeded" || phase == "Failed";
  out.priority = spec["priority"].number();
  out.preempts = spec["preemptionPolicy"].view() != "Never";
  spec["schedulingGates"].each([&](reader) { out.gated = true; });
  out.requests = read_requests(spec);
  out.node_selector = spec["nodeSelector"].strings();
  read_containers(spec, out);
  read_node_affinity(affinity["nodeAffinity"], out);
  const auto& labels = o.meta.labels;
  read_pod_terms(affinity["podAffinity"], labels, out.affinity, out.preferred_affinity);
  read_pod_terms(affinity["podAntiAffinity"], labels, out.anti_affinity,
                 out.preferred_anti_affinity);
  out.tolerations = read_tolerations(spec["tolerations"]);
  read_spread(spec["topologySpreadConstraints"], out);
  spec["volumes"].each([&](reader v) {
    if (auto claim = v["persistentVolumeClaim"])
      out.claims.push_back(claim["claimName"].text());
  });
  return out;
}

result<node_supply> node_supply::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  node_supply out{.meta = o.meta,
                  .unschedulable = root["spec"]["unschedulable"].flag(),
                  .taints = read_taints(root["spec"]["taints"]),
                  .allocatable = read_amounts(root["status"]["allocatable"]),
                  .images = {}};
  root["status"]["images"].each([&](reader image) {
    auto size = image["sizeBytes"].number();
    image["names"].each([&](reader name) { out.images.emplace_back(name.text(), size); });
  });
  return out;
}

} // namespace troupe::views
