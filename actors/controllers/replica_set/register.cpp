#include "actors/controllers/registrations.hpp"
#include "actors/controllers/replica_set/plan.hpp"

namespace troupe::control {
namespace {

std::string selector_text(const api::label_selector& s) { return api::to_string(s); }

/// Which sets a pod concerns: its controller, or, without one, all that might adopt it.
void sets_of(const cache& c, const resource& sets, const std::string& kind, const api::object& pod,
             keys& out) {
  if (const auto* owner = pod.meta.controller()) {
    if (owner->kind == kind)
      out.insert(key_of(pod.meta.ns, owner->name));
    return;
  }
  for (const auto& o : c.in(sets, pod.meta.ns))
    if (auto set = c.view<views::replica_set>(sets, o);
        set && set->selector.matches(pod.meta.labels))
      out.insert(key_of(o->meta));
}

registration controller(const resource& sets, replica_set::flavour as, std::string name,
                        std::string kind) {
  registration out;
  out.name = name;
  out.component = name + (name.ends_with("controller") ? "" : "-controller");
  out.reads = {sets, of::pods};
  out.concerns = [=](const cache& c, const resource& of, const api::object_ptr& now,
                     const api::object_ptr& before, keys& due) {
    for (const auto& o : {now, before})
      if (o && of == sets)
        due.insert(key_of(o->meta));
      else if (o)
        sets_of(c, sets, kind, *o, due);
  };
  out.plan = [=](const cache& c, const std::string& key, const moment& m) -> actions {
    auto [ns, object_name] = parts_of(key);
    auto set = c.view<views::replica_set>(sets, c.get(sets, ns, object_name));
    if (!set)
      return {};
    auto pods = c.views<views::pod>(of::pods, c.owned(of::pods, set->meta.uid));
    for (const auto& o : c.orphans(of::pods, ns))
      if (set->selector.matches(o->meta.labels))
        if (auto pod = c.view<views::pod>(of::pods, o))
          pods.push_back(std::move(*pod));
    auto trouble = m.trouble;
    if (trouble && trouble->reason == reason::already_exists)
      trouble.reset(); // a name was drawn twice: the next is another
    return replica_set::plan({.now = m.now,
                              .seed = m.seed,
                              .as = as,
                              .set = std::move(*set),
                              .pods = std::move(pods),
                              .trouble = std::move(trouble)});
  };
  out.counts = [=](const cache& c,
                   const std::string& key) -> std::optional<registration::count_again> {
    auto [ns, object_name] = parts_of(key);
    auto set = c.view<views::replica_set>(sets, c.get(sets, ns, object_name));
    if (!set)
      return std::nullopt;
    return registration::count_again{
      .of = of::pods, .ns = ns, .selector = selector_text(set->selector)};
  };
  return out;
}

} // namespace

registration replica_set_controller() {
  return controller(of::replica_sets, replica_set::flavour::replica_set, "replicaset",
                    "ReplicaSet");
}

registration replication_controller() {
  return controller(of::replication_controllers, replica_set::flavour::replication_controller,
                    "replication-controller", "ReplicationController");
}

} // namespace troupe::control
