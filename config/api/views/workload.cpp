#include "config/api/views/workload.hpp"

#include "config/api/views/parts.hpp"

#include <charconv>

namespace troupe::views {
namespace {

share read_share(reader at, share absent) {
  if (!at)
    return absent;
  if (!at.is_text())
    return {at.number(), false};
  auto text = at.view();
  share out{0, !text.empty() && text.back() == '%'};
  std::from_chars(text.data(), text.data() + text.size(), out.value);
  return out;
}

} // namespace

std::int64_t share::of(std::int64_t total, bool round_up) const {
  if (!percent)
    return value;
  auto hundredths = value * total;
  return round_up ? (hundredths + 99) / 100 : hundredths / 100;
}

result<replica_set> replica_set::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  auto spec = root["spec"];
  auto status = root["status"];
  bool plain = o.kind == "ReplicationController";
  return replica_set{.meta = o.meta,
                     .replicas = spec["replicas"].number(1),
                     .min_ready_seconds = spec["minReadySeconds"].number(),
                     .selector = plain ? selector_of(spec["selector"].strings())
                                       : read_selector(spec["selector"]),
                     .pod_template = spec["template"].raw(),
                     .status = {.replicas = status["replicas"].number(),
                                .fully_labeled = status["fullyLabeledReplicas"].number(),
                                .ready = status["readyReplicas"].number(),
                                .available = status["availableReplicas"].number(),
                                .observed_generation = status["observedGeneration"].number(),
                                .conditions = read_conditions(status["conditions"])}};
}

result<deployment> deployment::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  auto spec = root["spec"];
  auto status = root["status"];
  auto rolling = spec["strategy"]["rollingUpdate"];
  return deployment{.meta = o.meta,
                    .replicas = spec["replicas"].number(1),
                    .selector = read_selector(spec["selector"]),
                    .selector_json = spec["selector"].raw(),
                    .pod_template = spec["template"].raw(),
                    .recreate = spec["strategy"]["type"].view() == "Recreate",
                    .max_surge = read_share(rolling["maxSurge"], {25, true}),
                    .max_unavailable = read_share(rolling["maxUnavailable"], {25, true}),
                    .min_ready_seconds = spec["minReadySeconds"].number(),
                    .history_limit = spec["revisionHistoryLimit"].number(10),
                    .progress_deadline = spec["progressDeadlineSeconds"].number(600),
                    .paused = spec["paused"].flag(),
                    .status = {.observed_generation = status["observedGeneration"].number(),
                               .replicas = status["replicas"].number(),
                               .updated = status["updatedReplicas"].number(),
                               .ready = status["readyReplicas"].number(),
                               .available = status["availableReplicas"].number(),
                               .unavailable = status["unavailableReplicas"].number(),
                               .collisions = status["collisionCount"].number(),
                               .conditions = read_conditions(status["conditions"])}};
}

} // namespace troupe::views
