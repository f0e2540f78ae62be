#include "actors/controllers/deployment/status.hpp"

#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace troupe::deployment {
namespace {

using counts = views::deployment::counts;
using views::condition;

bool has_deadline(const views::deployment& d) {
  return d.progress_deadline != std::numeric_limits<std::int32_t>::max();
}

/// As in Kubernetes: nothing changes while status and reason stay; a transition needs a new status.
void set(std::vector<condition>& all, condition c, instant now, bool refresh = false) {
  const auto* old = views::find(all, c.type);
  if (old != nullptr && old->status == c.status && old->reason == c.reason && !refresh)
    return;
  c.updated = control::to_seconds(now);
  c.transitioned = old != nullptr && old->status == c.status ? old->transitioned : c.updated;
  std::erase_if(all, [&](const auto& o) { return o.type == c.type; });
  all.push_back(std::move(c));
}

void drop(std::vector<condition>& all, std::string_view type) {
  std::erase_if(all, [&](const auto& c) { return c.type == type; });
}

counts count(const observed& o, const family& f) {
  const auto& d = o.deployment;
  counts out{.observed_generation = d.meta.generation,
             .collisions = d.status.collisions,
             .conditions = d.status.conditions};
  auto add = [&](const member& m) {
    out.replicas += m.set->status.replicas;
    out.ready += m.set->status.ready;
    out.available += m.set->status.available;
  };
  for (const auto& m : f.old)
    add(m);
  if (f.fresh) {
    add(*f.fresh);
    out.updated = f.fresh->set->status.replicas;
  }
  out.unavailable = std::max<std::int64_t>(0, f.asked() - out.available);
  return out;
}

void set_available(const views::deployment& d, counts& s, instant now) {
  bool enough = s.available >= d.replicas - max_unavailable(d);
  set(s.conditions,
      {.type = "Available",
       .status = enough ? "True" : "False",
       .reason = enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
       .message = enough ? "Deployment has minimum availability."
                         : "Deployment does not have minimum availability.",
       .updated = std::nullopt,
       .transitioned = std::nullopt},
      now);
}

/// Something moved since the last status.
bool progressing(const counts& old, const counts& s) {
  return s.updated > old.updated || s.replicas - s.updated < old.replicas - old.updated
         || s.ready > old.ready || s.available > old.available;
}

std::optional<instant> deadline_of(const views::deployment& d, const condition* progress) {
  if (progress == nullptr || progress->reason == "NewReplicaSetAvailable" || !progress->updated)
    return std::nullopt;
  return *progress->updated + std::chrono::seconds{d.progress_deadline};
}

condition progress_condition(const family& f, std::string status, std::string why,
                             const std::string& what) {
  auto who = f.fresh ? "ReplicaSet \"" + f.fresh->set->meta.name + "\""
                     : "Deployment \"" + f.deployment->meta.name + "\"";
  return {.type = "Progressing",
          .status = std::move(status),
          .reason = std::move(why),
          .message = who + " " + what,
          .updated = std::nullopt,
          .transitioned = std::nullopt};
}

void set_progress(const observed& o, const family& f, counts& s) {
  const auto& d = o.deployment;
  const auto* before = views::find(d.status.conditions, "Progressing");
  bool was_complete =
    s.replicas == s.updated && before != nullptr && before->reason == "NewReplicaSetAvailable";
  if (was_complete && complete(d, s))
    return;
  if (complete(d, s)) {
    set(s.conditions,
        progress_condition(f, "True", "NewReplicaSetAvailable", "has successfully progressed."),
        o.now);
  } else if (was_complete) {
    return; // pods of a finished rollout come and go: that is not a rollout
  } else if (progressing(d.status, s)) {
    set(s.conditions, progress_condition(f, "True", "ReplicaSetUpdated", "is progressing."), o.now,
        true);
  } else {
    const auto* now = views::find(s.conditions, "Progressing");
    auto deadline = deadline_of(d, now);
    if (now != nullptr && deadline && *deadline < o.now)
      set(s.conditions,
          progress_condition(f, "False", "ProgressDeadlineExceeded", "has timed out progressing."),
          o.now);
  }
}

/// The trouble of the fresh set, else of an old one, is the Deployment's.
void copy_failure(const family& f, counts& s) {
  const condition* failed = nullptr;
  for (const auto& m : f.old)
    if (const auto* c = views::find(m.set->status.conditions, "ReplicaFailure"); failed == nullptr)
      failed = c;
  if (f.fresh)
    if (const auto* c = views::find(f.fresh->set->status.conditions, "ReplicaFailure"))
      failed = c;
  if (failed == nullptr) {
    drop(s.conditions, "ReplicaFailure");
    return;
  }
  const auto* old = views::find(s.conditions, "ReplicaFailure");
  if (old != nullptr && old->status == failed->status && old->reason == failed->reason)
    return;
  auto copy = *failed;
  copy.updated = copy.transitioned;
  drop(s.conditions, "ReplicaFailure");
  s.conditions.push_back(std::move(copy));
}

} // namespace

bool complete(const views::deployment& d, const counts& s) {
  return s.updated == d.replicas && s.replicas == d.replicas && s.available == d.replicas
         && s.observed_generation >= d.meta.generation;
}

status_draft status_of(const observed& o, const family& f, bool rolling, const news& what) {
  const auto& d = o.deployment;
  status_draft out{.status = count(o, f), .look_again = std::nullopt};
  auto& s = out.status;
  set_available(d, s, o.now);
  if (has_deadline(d) && !what.reason.empty()) {
    set(s.conditions,
        {.type = "Progressing",
         .status = what.failed                                      ? "False"
                   : d.paused || what.reason == "DeploymentResumed" ? "Unknown"
                                                                    : "True",
         .reason = what.reason,
         .message = what.message,
         .updated = std::nullopt,
         .transitioned = std::nullopt},
        o.now);
  } else if (!has_deadline(d)) {
    drop(s.conditions, "Progressing");
  }
  if (!rolling)
    return out;
  if (has_deadline(d))
    set_progress(o, f, s);
  copy_failure(f, s);
  const auto* progress = views::find(s.conditions, "Progressing");
  auto deadline = deadline_of(d, progress);
  if (has_deadline(d) && deadline && progress->reason != "ProgressDeadlineExceeded"
      && !complete(d, s))
    out.look_again = std::max<duration>(*deadline - o.now, duration{}) + 1s;
  return out;
}

std::string status_patch(const counts& s) {
  using control::count_json;
  using nlohmann::json;
  return json{{"status",
               {{"observedGeneration", s.observed_generation},
                {"replicas", count_json(s.replicas)},
                {"updatedReplicas", count_json(s.updated)},
                {"readyReplicas", count_json(s.ready)},
                {"availableReplicas", count_json(s.available)},
                {"unavailableReplicas", count_json(s.unavailable)},
                {"collisionCount", count_json(s.collisions)},
                {"conditions", control::conditions_json(s.conditions, "lastUpdateTime")}}}}
    .dump();
}

} // namespace troupe::deployment
