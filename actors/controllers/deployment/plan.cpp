#include "actors/controllers/deployment/plan.hpp"

#include "actors/controllers/claim.hpp"
#include "actors/controllers/deployment/annotations.hpp"
#include "actors/controllers/deployment/pod_template.hpp"
#include "actors/controllers/deployment/status.hpp"
#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::deployment {
namespace {

using control::actions;
using nlohmann::json;

/// One round of planning: what it reads, what it has decided so far.
struct round {
  const observed& o;
  family sets{};
  std::string canonical_template{};
  news what{};
  std::int64_t collisions = 0; // more of them than the status says
  actions out{};

  const views::deployment& deployment() const { return o.deployment; }
};

control::emit event(const round& r, control::emit::kind what, std::string why,
                    std::string message) {
  return {.about = control::at(control::of::deployments, r.deployment().meta),
          .api_version = "apps/v1",
          .object_kind = "Deployment",
          .what = what,
          .reason = std::move(why),
          .message = std::move(message)};
}

control::emit scaled(const round& r, const std::string& name, std::int64_t from, std::int64_t to) {
  return event(r, control::emit::kind::normal, "ScalingReplicaSet",
               std::string{to > from ? "Scaled up" : "Scaled down"} + " replica set " + name
                 + " from " + std::to_string(from) + " to " + std::to_string(to));
}

bool older(const views::replica_set& a, const views::replica_set& b) {
  auto born = [](const auto& s) { return s.meta.created.value_or(instant{}); };
  return std::pair{born(a), std::string_view{a.meta.name}}
         < std::pair{born(b), std::string_view{b.meta.name}};
}

/// Adopts and releases, and sorts the sets into the fresh one (the oldest of those with the current
/// template) and the old ones.
void gather(round& r) {
  const auto& d = r.deployment();
  auto owner = control::controlled_by(d.meta, "apps/v1", "Deployment");
  r.sets.deployment = &d;
  r.canonical_template = canonical(d.pod_template);
  std::vector<const views::replica_set*> mine;
  for (const auto& s : r.o.sets) {
    auto tie = control::tie_of(s.meta, d.meta, d.selector);
    if (tie == control::tie::adopt)
      r.out.push_back(control::adopt(control::of::replica_sets, s.meta, owner));
    if (tie == control::tie::release)
      r.out.push_back(control::release(control::of::replica_sets, s.meta, d.meta.uid));
    if ((tie == control::tie::adopt || tie == control::tie::mine) && !s.meta.deleted)
      mine.push_back(&s);
  }
  std::sort(mine.begin(), mine.end(), [](const auto* a, const auto* b) { return older(*a, *b); });
  for (const auto* s : mine) {
    member m{.set = s, .size = s->replicas};
    if (!r.sets.fresh && canonical(s->pod_template) == r.canonical_template)
      r.sets.fresh = m;
    else
      r.sets.old.push_back(m);
  }
}

std::int64_t next_revision(const round& r) {
  std::int64_t last = 0;
  for (const auto& m : r.sets.old)
    last = std::max(last, revision_of(m.set->meta));
  return last + 1;
}

void add_size_annotations(const views::deployment& d, api::string_map& to) {
  to.insert_or_assign(std::string{desired_annotation}, std::to_string(d.replicas));
  to.insert_or_assign(std::string{max_replicas_annotation},
                      std::to_string(d.replicas + max_surge(d)));
}

api::string_map handed_on(const views::deployment& d) {
  api::string_map out;
  for (const auto& [name, value] : d.meta.annotations)
    if (!kept_to_itself(name))
      out.emplace(name, value);
  return out;
}

/// The deployment wears the revision of its current template: `kubectl rollout history`.
void wear_revision(round& r, std::int64_t revision) {
  const auto& meta = r.deployment().meta;
  if (revision_of(meta) == revision)
    return;
  json annotations{{std::string{revision_annotation}, std::to_string(revision)}};
  r.out.push_back(
    control::patch{.at = control::at(control::of::deployments, meta),
                   .body = json{{"metadata", {{"annotations", std::move(annotations)}}}}.dump()});
}

void make_fresh(round& r) {
  const auto& d = r.deployment();
  auto hash = hash_of(r.canonical_template, d.status.collisions);
  auto name = d.meta.name + "-" + hash;
  bool taken = std::any_of(r.o.sets.begin(), r.o.sets.end(),
                           [&](const auto& s) { return s.meta.name == name; });
  if (taken || (r.o.trouble && r.o.trouble->reason == reason::already_exists)) {
    r.collisions = 1; // another template has this name: the next round finds another name
    return;
  }
  auto size = fresh_size(r.sets);
  auto revision = next_revision(r);
  auto annotations = handed_on(d);
  annotations.insert_or_assign(std::string{revision_annotation}, std::to_string(revision));
  add_size_annotations(d, annotations);
  auto selector = json::parse(d.selector_json);
  selector["matchLabels"][std::string{hash_label}] = hash;
  auto pod_template = json::parse(labelled(d.pod_template, hash));
  json body{{"apiVersion", "apps/v1"},
            {"kind", "ReplicaSet"},
            {"metadata",
             {{"name", name},
              {"namespace", d.meta.ns},
              {"labels", pod_template["metadata"]["labels"]},
              {"annotations", annotations},
              {"ownerReferences",
               control::owners_json({control::controlled_by(d.meta, "apps/v1", "Deployment")})}}},
            {"spec",
             {{"replicas", size},
              {"minReadySeconds", d.min_ready_seconds},
              {"selector", std::move(selector)},
              {"template", std::move(pod_template)}}}};
  r.out.push_back(control::create{
    .of = control::of::replica_sets, .ns = d.meta.ns, .name = name, .body = body.dump()});
  if (size > 0)
    r.out.push_back(scaled(r, name, 0, size));
  wear_revision(r, revision);
  r.what = {"NewReplicaSetCreated", "Created new replica set \"" + name + "\"", false};
}

/// Annotations that the set of the current template lacks: those handed on, and its revision.
json missing_annotations(const round& r, std::int64_t revision) {
  const auto& meta = r.sets.fresh->set->meta;
  auto out = json::object();
  for (const auto& [name, value] : handed_on(r.deployment()))
    if (auto at = meta.annotations.find(name); at == meta.annotations.end() || at->second != value)
      out[name] = value;
  if (revision_of(meta) >= revision)
    return out;
  out[std::string{revision_annotation}] = std::to_string(revision);
  if (auto at = meta.annotations.find(revision_annotation); at != meta.annotations.end()) {
    auto history = meta.annotations.find(history_annotation);
    auto before = history == meta.annotations.end() ? "" : history->second + ",";
    out[std::string{history_annotation}] = before + at->second;
  }
  return out;
}

/// Brings the existing set of the current template up to date.
void renew_fresh(round& r) {
  const auto& d = r.deployment();
  const auto& set = *r.sets.fresh->set;
  auto revision = std::max(next_revision(r), revision_of(set.meta));
  auto annotations = missing_annotations(r, revision);
  json body;
  if (!annotations.empty())
    body["metadata"]["annotations"] = std::move(annotations);
  if (set.min_ready_seconds != d.min_ready_seconds)
    body["spec"]["minReadySeconds"] = d.min_ready_seconds;
  if (!body.is_null())
    r.out.push_back(control::patch{.at = control::exactly(control::of::replica_sets, set.meta),
                                   .body = body.dump()});
  wear_revision(r, revision);
  if (views::find(d.status.conditions, "Progressing") == nullptr)
    r.what = {"FoundNewReplicaSet", "Found new replica set \"" + set.meta.name + "\"", false};
}

/// Orders what the arithmetic decided. A patch of `spec.replicas` holds only for the state that was
/// seen: somebody who scales the set by hand in between wins, and the next round sees it.
void write_sizes(round& r) {
  const auto& d = r.deployment();
  for (auto* m : r.sets.all()) {
    api::string_map want;
    add_size_annotations(d, want);
    auto annotations = json::object();
    for (const auto& [name, value] : want)
      if (auto at = m->set->meta.annotations.find(name);
          (m->active() || m->size != m->asked())
          && (at == m->set->meta.annotations.end() || at->second != value))
        annotations[name] = value;
    json body;
    if (!annotations.empty())
      body["metadata"]["annotations"] = std::move(annotations);
    if (m->size != m->asked())
      body["spec"]["replicas"] = m->size;
    if (body.is_null())
      continue;
    auto at = control::exactly(control::of::replica_sets, m->set->meta);
    auto earlier = std::find_if(r.out.begin(), r.out.end(), [&](const auto& a) {
      const auto* p = std::get_if<control::patch>(&a);
      return p != nullptr && p->at == at && p->subresource.empty();
    });
    if (earlier != r.out.end()) { // one object, one patch: the second would not hold any more
      auto& p = std::get<control::patch>(*earlier);
      auto merged = json::parse(p.body);
      merged.merge_patch(body);
      p.body = merged.dump();
    } else {
      r.out.push_back(control::patch{.at = at, .body = body.dump()});
    }
    if (m->size != m->asked())
      r.out.push_back(scaled(r, m->set->meta.name, m->asked(), m->size));
  }
}

/// Old sets beyond the history limit go, the oldest revision first.
void forget_history(round& r) {
  const auto& d = r.deployment();
  auto sets = r.sets.old;
  auto excess = static_cast<std::int64_t>(sets.size()) - d.history_limit;
  std::stable_sort(sets.begin(), sets.end(), [](const member& a, const member& b) {
    return revision_of(a.set->meta) < revision_of(b.set->meta);
  });
  for (std::int64_t i = 0; i < excess; ++i) {
    const auto& m = sets[static_cast<std::size_t>(i)];
    if (m.set->replicas == 0 && m.set->status.replicas == 0 && !m.unsettled())
      r.out.push_back(
        control::remove{.at = control::exactly(control::of::replica_sets, m.set->meta)});
  }
}

bool old_pods_run(const round& r) {
  return std::any_of(r.sets.old.begin(), r.sets.old.end(), [&](const member& m) {
    auto at = r.o.running_pods.find(m.set->meta.uid);
    return m.set->status.replicas > 0 || m.unsettled()
           || (at != r.o.running_pods.end() && at->second > 0);
  });
}

/// `replicas` was changed while pods of several templates may run: shares before rollout.
bool resized(const round& r) {
  auto differs = [&](const member& m) {
    auto desired = number_annotation(m.set->meta, desired_annotation);
    return m.set->replicas > 0 && desired && *desired != r.deployment().replicas;
  };
  return (r.sets.fresh && differs(*r.sets.fresh))
         || std::any_of(r.sets.old.begin(), r.sets.old.end(), differs);
}

void recreate(round& r) {
  bool active =
    std::any_of(r.sets.old.begin(), r.sets.old.end(), [](const member& m) { return m.active(); });
  shut_down_old(r.sets);
  if (r.sets.fresh)
    renew_fresh(r);
  if (active || old_pods_run(r))
    return;
  if (!r.sets.fresh)
    make_fresh(r);
  else
    r.sets.fresh->size = r.deployment().replicas;
}

void roll_on(round& r) {
  if (!r.sets.fresh) {
    make_fresh(r);
    return;
  }
  renew_fresh(r);
  roll(r.sets);
}

void note_pause(round& r) {
  const auto& d = r.deployment();
  const auto* progress = views::find(d.status.conditions, "Progressing");
  if (progress != nullptr && progress->reason == "ProgressDeadlineExceeded")
    return; // a rollout that failed stays failed
  bool known = progress != nullptr && progress->reason == "DeploymentPaused";
  if (d.paused && !known)
    r.what = {"DeploymentPaused", "Deployment is paused", false};
  else if (!d.paused && known)
    r.what = {"DeploymentResumed", "Deployment is resumed", false};
}

void report(round& r, bool rolling) {
  const auto& d = r.deployment();
  auto draft = status_of(r.o, r.sets, rolling, r.what);
  draft.status.collisions += r.collisions;
  if (rolling && complete(d, draft.status))
    forget_history(r);
  if (draft.status != d.status)
    r.out.push_back(control::patch{.at = control::at(control::of::deployments, d.meta),
                                   .body = status_patch(draft.status),
                                   .subresource = "status"});
  if (draft.look_again)
    r.out.push_back(control::again{*draft.look_again});
}

} // namespace

control::actions plan(const observed& o) {
  round r{.o = o};
  const auto& d = o.deployment;
  if (d.selector.everything()) {
    if (d.status.observed_generation < d.meta.generation) {
      r.out.push_back(event(r, control::emit::kind::warning, "SelectingAll",
                            "This deployment is selecting all pods. A non-empty selector is "
                            "required."));
      auto status = d.status;
      status.observed_generation = d.meta.generation;
      r.out.push_back(control::patch{.at = control::at(control::of::deployments, d.meta),
                                     .body = status_patch(status),
                                     .subresource = "status"});
    }
    return r.out;
  }
  gather(r);
  if (d.meta.deleted) {
    report(r, false);
    return r.out;
  }
  note_pause(r);
  bool rolling = false;
  if (o.trouble && o.trouble->reason != reason::conflict
      && o.trouble->reason != reason::already_exists && !r.sets.fresh)
    r.what = {"ReplicaSetCreateError", o.trouble->message, true};
  if (d.paused || resized(r)) {
    if (r.sets.fresh)
      renew_fresh(r);
    rescale(r.sets);
    if (d.paused)
      forget_history(r);
  } else {
    rolling = true;
    d.recreate ? recreate(r) : roll_on(r);
  }
  write_sizes(r);
  report(r, rolling);
  return r.out;
}

} // namespace troupe::deployment
