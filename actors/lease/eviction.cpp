#include "actors/lease/eviction.hpp"

#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::lease {
namespace {

using nlohmann::json;

control::patch disrupted(const eviction_observed& o) {
  json condition{{"type", "DisruptionTarget"},
                 {"status", "True"},
                 {"reason", "DeletionByTaintManager"},
                 {"message", "Taint manager: deleting due to NoExecute taint"},
                 {"lastTransitionTime", api::format_time(control::to_seconds(o.now))}};
  return {.at = control::at(control::of::pods, o.pod.meta),
          .body = json{{"status", {{"conditions", json::array({condition})}}}}.dump(),
          .subresource = "status",
          .how = api::patch_type::strategic};
}

/// timeAdded has whole seconds, rounded down: the taint may have come up to a second later.
instant since(const views::taint& t, instant seen) {
  return t.added ? std::clamp(seen, *t.added, *t.added + std::chrono::seconds{1}) : seen;
}

} // namespace

std::optional<instant> leaves_at(const eviction_observed& o) {
  std::optional<instant> soonest;
  for (const auto& t : o.taints) {
    bool tolerated = false;
    for (const auto& tolerance : o.pod.tolerations) {
      if (!tolerance.tolerates(t))
        continue;
      tolerated = true;
      if (tolerance.seconds) {
        auto at = *tolerance.seconds <= 0
                    ? o.now
                    : since(t, o.since) + std::chrono::seconds{*tolerance.seconds};
        soonest = soonest ? std::min(*soonest, at) : at;
      }
    }
    if (!tolerated)
      return o.now;
  }
  return soonest;
}

control::actions plan_eviction(const eviction_observed& o) {
  if (o.pod.meta.deleted)
    return {};
  auto at = leaves_at(o);
  if (!at)
    return {};
  if (*at > o.now)
    return {control::again{*at - o.now}};
  auto pod = control::at(control::of::pods, o.pod.meta);
  return {
    disrupted(o), control::remove{.at = pod},
    control::emit{.about = pod,
                  .api_version = "v1",
                  .object_kind = "Pod",
                  .what = control::emit::kind::normal,
                  .reason = "TaintManagerEviction",
                  .message = "Marking for deletion Pod " + o.pod.meta.ns + "/" + o.pod.meta.name}};
}

} // namespace troupe::lease
