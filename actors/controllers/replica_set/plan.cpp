#include "actors/controllers/replica_set/plan.hpp"

#include "actors/controllers/claim.hpp"
#include "actors/controllers/json.hpp"
#include "actors/controllers/names.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace troupe::replica_set {
namespace {

using control::actions;
using nlohmann::json;
using pods = std::vector<const views::pod*>;

const control::resource& resource_of(const observed& o) {
  return o.as == flavour::replica_set ? control::of::replica_sets
                                      : control::of::replication_controllers;
}

std::string api_version_of(const observed& o) {
  return o.as == flavour::replica_set ? "apps/v1" : "v1";
}

std::string kind_of(const observed& o) {
  return o.as == flavour::replica_set ? "ReplicaSet" : "ReplicationController";
}

control::emit event(const observed& o, control::emit::kind what, std::string why,
                    std::string message) {
  return {.about = control::at(resource_of(o), o.set.meta),
          .api_version = api_version_of(o),
          .object_kind = kind_of(o),
          .what = what,
          .reason = std::move(why),
          .message = std::move(message)};
}

/// Adopts and releases; answers the active pods that are this set's from now on.
pods claim(const observed& o, actions& out) {
  pods mine;
  auto owner = control::controlled_by(o.set.meta, api_version_of(o), kind_of(o));
  for (const auto& p : o.pods) {
    switch (control::tie_of(p.meta, o.set.meta, o.set.selector)) {
    case control::tie::adopt:
      if (!p.active())
        break;
      out.push_back(control::adopt(control::of::pods, p.meta, owner));
      mine.push_back(&p);
      break;
    case control::tie::release:
      if (!p.meta.deleted)
        out.push_back(control::release(control::of::pods, p.meta, o.set.meta.uid));
      break;
    case control::tie::mine:
      if (p.active())
        mine.push_back(&p);
      break;
    case control::tie::other: break;
    }
  }
  return mine;
}

std::string pod_body(const observed& o, const json& pod_template, const std::string& name) {
  const auto& meta = o.set.meta;
  auto given = pod_template.value("metadata", json::object());
  json metadata{
    {"name", name},
    {"generateName", meta.name + "-"},
    {"namespace", meta.ns},
    {"ownerReferences",
     control::owners_json({control::controlled_by(meta, api_version_of(o), kind_of(o))})}};
  for (const auto* field : {"labels", "annotations", "finalizers"})
    if (auto at = given.find(field); at != given.end() && !at->is_null())
      metadata[field] = *at;
  return json{{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", std::move(metadata)},
              {"spec", pod_template.value("spec", json::object())}}
    .dump();
}

void create(const observed& o, std::int64_t count, actions& out) {
  auto pod_template = json::parse(o.set.pod_template);
  random_source random{o.seed};
  for (std::int64_t i = 0; i < std::min(count, burst); ++i) {
    auto name = control::random_name(o.set.meta.name + "-", random);
    out.push_back(control::create{.of = control::of::pods,
                                  .ns = o.set.meta.ns,
                                  .name = name,
                                  .body = pod_body(o, pod_template, name)});
    out.push_back(
      event(o, control::emit::kind::normal, "SuccessfulCreate", "Created pod: " + name));
  }
}

void give_up(const observed& o, const pods& mine, std::int64_t count, actions& out) {
  auto order = by_worth(mine);
  order.resize(static_cast<std::size_t>(std::min(count, burst)));
  for (const auto* p : order) {
    out.push_back(control::remove{.at = control::at(control::of::pods, p->meta)});
    out.push_back(
      event(o, control::emit::kind::normal, "SuccessfulDelete", "Deleted pod: " + p->meta.name));
  }
}

views::replica_set::counts counts_of(const observed& o, const pods& mine) {
  views::replica_set::counts out{.observed_generation = o.set.meta.generation,
                                 .conditions = o.set.status.conditions};
  auto labels = json::parse(o.set.pod_template, nullptr, false)
                  .value("/metadata/labels"_json_pointer, json::object())
                  .get<api::string_map>();
  auto fully_labeled = [&](const views::pod& p) {
    return std::all_of(labels.begin(), labels.end(), [&](const auto& want) {
      auto have = p.meta.labels.find(want.first);
      return have != p.meta.labels.end() && have->second == want.second;
    });
  };
  for (const auto* p : mine) {
    ++out.replicas;
    out.fully_labeled += fully_labeled(*p) ? 1 : 0;
    out.ready += p->ready() ? 1 : 0;
    out.available += p->available(o.set.min_ready_seconds, o.now) ? 1 : 0;
  }
  return out;
}

/// Says in a condition that pods cannot be made (quota, admission), and takes it back afterwards.
void note_trouble(const observed& o, std::int64_t missing,
                  std::vector<views::condition>& conditions) {
  const auto* old = views::find(conditions, "ReplicaFailure");
  if (!o.trouble) {
    std::erase_if(conditions, [](const auto& c) { return c.type == "ReplicaFailure"; });
    return;
  }
  std::string why = missing > 0 ? "FailedCreate" : "FailedDelete";
  if (old != nullptr && old->reason == why)
    return;
  std::erase_if(conditions, [](const auto& c) { return c.type == "ReplicaFailure"; });
  conditions.push_back({.type = "ReplicaFailure",
                        .status = "True",
                        .reason = why,
                        .message = o.trouble->message,
                        .updated = std::nullopt,
                        .transitioned = control::to_seconds(o.now)});
}

void report(const observed& o, const views::replica_set::counts& now, actions& out) {
  if (now == o.set.status)
    return;
  json status{
    {"replicas", now.replicas},
    {"fullyLabeledReplicas", control::count_json(now.fully_labeled)},
    {"readyReplicas", control::count_json(now.ready)},
    {"availableReplicas", control::count_json(now.available)},
    {"observedGeneration", now.observed_generation},
    {"conditions", now.conditions.empty() ? json{} : control::conditions_json(now.conditions, "")}};
  out.push_back(control::patch{.at = control::at(resource_of(o), o.set.meta),
                               .body = json{{"status", std::move(status)}}.dump(),
                               .subresource = "status"});
}

/// The next pod becomes available by the mere passing of time.
void wait_for_available(const observed& o, const pods& mine, actions& out) {
  std::optional<instant> next;
  for (const auto* p : mine)
    if (auto since = p->ready_since(); since && !p->available(o.set.min_ready_seconds, o.now)) {
      auto at = *since + std::chrono::seconds{o.set.min_ready_seconds};
      next = next ? std::min(*next, at) : at;
    }
  if (next)
    out.push_back(control::again{std::max<duration>(*next - o.now, 1ms)});
}

std::int64_t deletion_cost(const views::pod& p) {
  auto at = p.meta.annotations.find("controller.kubernetes.io/pod-deletion-cost");
  std::int64_t cost = 0;
  if (at != p.meta.annotations.end())
    std::from_chars(at->second.data(), at->second.data() + at->second.size(), cost);
  return cost;
}

int phase_rank(const views::pod& p) {
  return p.phase == "Pending" ? 0 : p.phase == "Unknown" ? 1 : 2;
}

} // namespace

pods by_worth(const pods& all) {
  std::map<std::string_view, int> on_node;
  for (const auto* p : all)
    ++on_node[p->node];
  auto key = [&](const views::pod& p) {
    auto ready = p.ready_since().value_or(instant::max());
    return std::tuple{!p.node.empty(),
                      phase_rank(p),
                      p.ready(),
                      deletion_cost(p),
                      -on_node[p.node],
                      -ready.time_since_epoch().count(),
                      -p.restarts,
                      -p.meta.created.value_or(instant{}).time_since_epoch().count(),
                      std::string_view{p.meta.name}};
  };
  auto out = all;
  std::sort(out.begin(), out.end(),
            [&](const auto* a, const auto* b) { return key(*a) < key(*b); });
  return out;
}

control::actions plan(const observed& o) {
  actions out;
  auto mine = claim(o, out);
  auto now = counts_of(o, mine);
  auto missing = o.set.replicas - now.replicas;
  note_trouble(o, missing, now.conditions);
  // The status is that of before: `replicas` at an observedGeneration is what there was when the
  // generation was first acted on, so spec and status together bound the pods from above.
  report(o, now, out);
  if (o.set.meta.deleted)
    return out;
  if (o.trouble && missing != 0)
    out.push_back(
      event(o, control::emit::kind::warning, missing > 0 ? "FailedCreate" : "FailedDelete",
            (missing > 0 ? "Error creating: " : "Error deleting: ") + o.trouble->message));
  if (missing > 0)
    create(o, missing, out);
  else if (missing < 0)
    give_up(o, mine, -missing, out);
  wait_for_available(o, mine, out);
  return out;
}

} // namespace troupe::replica_set
