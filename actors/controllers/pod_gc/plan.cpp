#include "actors/controllers/pod_gc/plan.hpp"

#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::pod_gc {
namespace {

using nlohmann::json;

control::remove at_once(const views::pod& p) {
  return {.at = control::at(control::of::pods, p.meta), .grace = 0};
}

/// Says why in the pod's status before it goes: a Job counts it as a disruption, not as a failure.
control::patch disrupted(const views::pod& p, instant now) {
  json condition{{"type", "DisruptionTarget"},
                 {"status", "True"},
                 {"reason", "DeletionByPodGC"},
                 {"message", "PodGC: node no longer exists"},
                 {"lastTransitionTime", api::format_time(control::to_seconds(now))}};
  return {
    .at = control::at(control::of::pods, p.meta),
    .body =
      json{{"status", {{"phase", "Failed"}, {"conditions", json::array({condition})}}}}.dump(),
    .subresource = "status",
    .how = api::patch_type::strategic};
}

} // namespace

control::actions plan(const observed& o) {
  control::actions out;
  std::vector<const views::pod*> ended;
  for (const auto& p : o.pods) {
    if (!p.node.empty() && o.gone_nodes.contains(p.node)) {
      if (!p.ended())
        out.push_back(disrupted(p, o.now));
      out.push_back(at_once(p));
    } else if (p.node.empty() && p.meta.deleted) {
      out.push_back(at_once(p)); // no kubelet will ever confirm it
    } else if (p.ended() && !p.meta.deleted) {
      ended.push_back(&p);
    }
  }
  auto excess = static_cast<std::int64_t>(ended.size()) - o.threshold;
  if (o.threshold <= 0 || excess <= 0)
    return out;
  auto age = [](const views::pod* p) {
    return std::pair{p->meta.created.value_or(instant{}), std::string_view{p->meta.name}};
  };
  std::sort(ended.begin(), ended.end(),
            [&](const auto* a, const auto* b) { return age(a) < age(b); });
  for (std::int64_t i = 0; i < excess; ++i)
    out.push_back(at_once(*ended[static_cast<std::size_t>(i)]));
  return out;
}

std::set<std::string> absence::look(const std::set<std::string>& named,
                                    const std::set<std::string>& there, instant now) {
  std::set<std::string> out;
  std::erase_if(since_,
                [&](const auto& e) { return there.contains(e.first) || !named.contains(e.first); });
  for (const auto& name : named)
    if (!there.contains(name)) {
      auto since = since_.try_emplace(name, now).first->second;
      if (now - since >= quarantine)
        out.insert(name);
    }
  return out;
}

} // namespace troupe::pod_gc
