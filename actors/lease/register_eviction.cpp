#include "actors/lease/eviction.hpp"
#include "actors/lease/registrations.hpp"

namespace troupe::lease {
namespace {

namespace of = control::of;
using control::cache;
using control::keys;

std::vector<views::taint> evicting(const views::node& n) {
  std::vector<views::taint> out;
  for (const auto& t : n.taints)
    if (t.effect == "NoExecute")
      out.push_back(t);
  return out;
}

std::vector<views::taint> evicting(const cache& c, const api::object_ptr& node) {
  auto n = c.view<views::node>(of::nodes, node);
  return n ? evicting(*n) : std::vector<views::taint>{};
}

void concerns(const cache& c, const control::resource& of, const api::object_ptr& now,
              const api::object_ptr& before, keys& due) {
  if (!now)
    return;
  if (of == of::pods) {
    auto p = c.view<views::pod>(of, now);
    if (p && !p->node.empty() && !evicting(c, c.get(of::nodes, "", p->node)).empty())
      due.insert(control::key_of(now->meta));
    return;
  }
  auto taints = evicting(c, now);
  auto old = before ? views::node::from(*before) : result<views::node>{failure{}};
  if (taints.empty() || (old && evicting(*old) == taints))
    return;
  for (const auto& o : c.all(of::pods))
    if (auto p = c.view<views::pod>(of::pods, o); p && p->node == now->meta.name)
      due.insert(control::key_of(o->meta));
}

} // namespace

control::registration taint_eviction_controller() {
  control::registration out;
  out.name = "taint-eviction";
  out.component = "taint-eviction-controller";
  out.reads = {of::nodes, of::pods};
  out.concerns = concerns;
  // When a taint that does not say when it was added was first seen.
  auto seen = std::make_shared<std::map<std::string, instant>>();
  out.plan = [=](const cache& c, const std::string& key,
                 const control::moment& m) -> control::actions {
    auto [ns, name] = control::parts_of(key);
    auto p = c.view<views::pod>(of::pods, c.get(of::pods, ns, name));
    auto taints = p ? evicting(c, c.get(of::nodes, "", p->node)) : std::vector<views::taint>{};
    if (taints.empty()) {
      seen->erase(key);
      return {};
    }
    auto since = seen->try_emplace(key, m.now).first->second;
    return plan_eviction(
      {.now = m.now, .taints = std::move(taints), .pod = std::move(*p), .since = since});
  };
  return out;
}

} // namespace troupe::lease
