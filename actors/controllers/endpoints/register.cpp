#include "actors/controllers/endpoints/plan.hpp"
#include "actors/controllers/registrations.hpp"

namespace troupe::control {
namespace {

constexpr duration look_for_suspects = 100ms;

bool selects(const views::service& s, const api::string_map& labels) {
  if (!endpoints::concerns_us(s))
    return false;
  for (const auto& [key, value] : s.selector)
    if (auto at = labels.find(key); at == labels.end() || at->second != value)
      return false;
  return true;
}

void services_of_pod(const cache& c, const api::object& pod, keys& out) {
  for (const auto& o : c.in(of::services, pod.meta.ns))
    if (auto s = c.view<views::service>(of::services, o); s && selects(*s, pod.meta.labels))
      out.insert(key_of(o->meta));
}

void concerns(const cache& c, const resource& of, const api::object_ptr& now,
              const api::object_ptr& before, keys& due) {
  for (const auto& o : {now, before}) {
    if (!o)
      continue;
    if (of == of::pods) {
      services_of_pod(c, *o, due);
    } else if (of == of::endpoint_slices) {
      if (auto at = o->meta.labels.find("kubernetes.io/service-name"); at != o->meta.labels.end())
        due.insert(key_of(o->meta.ns, at->second));
    } else { // services, and Endpoints by the same name
      due.insert(key_of(o->meta));
    }
  }
}

std::optional<endpoints::observed> observe(const cache& c, const std::string& key, const moment& m,
                                           const suspects_board& suspects) {
  auto [ns, name] = parts_of(key);
  auto service = c.view<views::service>(of::services, c.get(of::services, ns, name));
  if (!service || !endpoints::concerns_us(*service))
    return std::nullopt;
  endpoints::observed o{.seed = m.seed, .service = std::move(*service), .pods = {}};
  for (const auto& p : c.in(of::pods, ns))
    if (selects(o.service, p->meta.labels))
      if (auto pod = c.view<views::pod>(of::pods, p))
        o.pods.push_back(std::move(*pod));
  for (const auto& s : c.owned(of::endpoint_slices, o.service.meta.uid))
    if (auto at = s->meta.labels.find("endpointslice.kubernetes.io/managed-by");
        at != s->meta.labels.end() && at->second == endpoints::manager)
      if (auto slice = c.view<views::endpoint_slice>(of::endpoint_slices, s))
        o.slices.push_back(std::move(*slice));
  o.legacy = c.view<views::endpoints>(of::endpoints, c.get(of::endpoints, ns, name));
  auto note = suspects.get();
  o.suspects = std::move(note.nodes);
  o.suspended = note.suspended;
  o.seen = std::move(note.seen);
  return o;
}

/// Services with a pod on a node that became or ceased to be suspect.
void touched(const cache& c, const std::set<std::string>& nodes, keys& due) {
  for (const auto& o : c.all(of::pods))
    if (auto p = c.view<views::pod>(of::pods, o); p && nodes.contains(p->node))
      services_of_pod(c, *o, due);
}

registration controller(std::string name, const resource& writes, suspects_ptr suspects,
                        actions (*decide)(const endpoints::observed&)) {
  registration out;
  out.name = name;
  out.component = name + "-controller";
  out.reads = {of::services, of::pods, writes};
  out.concerns = concerns;
  out.plan = [=](const cache& c, const std::string& key, const moment& m) -> actions {
    auto o = observe(c, key, m, *suspects);
    return o ? decide(*o) : actions{};
  };
  auto last = std::make_shared<suspects_note>();
  out.every = look_for_suspects;
  out.tick = [=](const cache& c, instant, keys& due) {
    auto now = suspects->get();
    if (now == *last)
      return;
    auto both = now.nodes;
    both.insert(last->nodes.begin(), last->nodes.end());
    if (now.suspended == last->suspended && (!now.suspended || now.seen == last->seen))
      touched(c, both, due);
    else // who was held back may become ready
      for (const auto& o : c.all(of::services))
        due.insert(key_of(o->meta));
    *last = std::move(now);
  };
  return out;
}

} // namespace

registration endpoint_slice_controller(suspects_ptr suspects) {
  return controller("endpointslice", of::endpoint_slices, std::move(suspects),
                    endpoints::plan_slices);
}

registration endpoints_controller(suspects_ptr suspects) {
  return controller("endpoints", of::endpoints, std::move(suspects), endpoints::plan_endpoints);
}

} // namespace troupe::control
