#include "actors/controllers/deployment/plan.hpp"
#include "actors/controllers/registrations.hpp"
#include "config/api/views/pod.hpp"

namespace troupe::control {
namespace {

void deployments_of(const cache& c, const api::object& set, keys& out) {
  if (const auto* owner = set.meta.controller()) {
    if (owner->kind == "Deployment")
      out.insert(key_of(set.meta.ns, owner->name));
    return;
  }
  for (const auto& o : c.in(of::deployments, set.meta.ns))
    if (auto d = c.view<views::deployment>(of::deployments, o);
        d && d->selector.matches(set.meta.labels))
      out.insert(key_of(o->meta));
}

/// Pods matter only to Recreate, and only when one is over.
void deployment_of_pod(const cache& c, const api::object_ptr& now, const api::object& before,
                       keys& out) {
  const auto* owner = before.meta.controller();
  if (owner == nullptr || owner->kind != "ReplicaSet")
    return;
  if (now) {
    auto pod = c.view<views::pod>(of::pods, now);
    if (!pod || !pod->ended())
      return;
  }
  if (auto set = c.get(of::replica_sets, before.meta.ns, owner->name))
    deployments_of(c, *set, out);
}

std::map<std::string, std::int64_t> running_pods(const cache& c,
                                                 const std::vector<views::replica_set>& sets) {
  std::map<std::string, std::int64_t> out;
  for (const auto& s : sets)
    for (const auto& p : c.views<views::pod>(of::pods, c.owned(of::pods, s.meta.uid)))
      out[s.meta.uid] += p.ended() ? 0 : 1;
  return out;
}

actions plan(const cache& c, const std::string& key, const moment& m) {
  auto [ns, name] = parts_of(key);
  auto d = c.view<views::deployment>(of::deployments, c.get(of::deployments, ns, name));
  if (!d)
    return {};
  auto sets = c.views<views::replica_set>(of::replica_sets, c.owned(of::replica_sets, d->meta.uid));
  for (const auto& o : c.orphans(of::replica_sets, ns))
    if (d->selector.matches(o->meta.labels))
      if (auto s = c.view<views::replica_set>(of::replica_sets, o))
        sets.push_back(std::move(*s));
  auto running = d->recreate ? running_pods(c, sets) : std::map<std::string, std::int64_t>{};
  return deployment::plan({.now = m.now,
                           .deployment = std::move(*d),
                           .sets = std::move(sets),
                           .running_pods = std::move(running),
                           .trouble = m.trouble});
}

} // namespace

registration deployment_controller() {
  registration out;
  out.name = "deployment";
  out.component = "deployment-controller";
  out.reads = {of::deployments, of::replica_sets, of::pods};
  out.concerns = [](const cache& c, const resource& of, const api::object_ptr& now,
                    const api::object_ptr& before, keys& due) {
    if (of == of::pods) {
      if (before)
        deployment_of_pod(c, now, *before, due);
      return;
    }
    for (const auto& o : {now, before})
      if (o && of == of::deployments)
        due.insert(key_of(o->meta));
      else if (o)
        deployments_of(c, *o, due);
  };
  out.plan = plan;
  return out;
}

} // namespace troupe::control
