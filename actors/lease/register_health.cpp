#include "actors/lease/registrations.hpp"
#include "config/api/views/lease.hpp"

#include <algorithm>

namespace troupe::lease {
namespace {

namespace of = control::of;
using control::cache;
using control::keys;

constexpr const char* lease_namespace = "kube-node-lease";

struct memory {
  heartbeats heard;
  eviction_rate rate;
};

bool is_ready(const views::node& n) {
  const auto* c = views::find(n.conditions, "Ready");
  return c != nullptr && c->status == "True";
}

/// What of a node's change calls for a look; a mere heartbeat does not.
bool differs(const views::node& a, const views::node& b) {
  auto plain = [](const views::node& n) {
    std::map<std::string, std::string> out;
    for (const auto& c : n.conditions)
      out[c.type] = c.status;
    return out;
  };
  return a.unschedulable != b.unschedulable || a.taints != b.taints || plain(a) != plain(b);
}

void concerns(const cache& c, const control::resource& of, const api::object_ptr& now,
              const api::object_ptr& before, keys& due) {
  if (of != of::nodes || !now)
    return;
  auto fresh = c.view<views::node>(of, now);
  auto old = before ? views::node::from(*before) : result<views::node>{failure{}};
  if (fresh && (!old || differs(*old, *fresh)))
    due.insert(now->meta.name);
}

/// Every period: who has been heard of, who has not, and how the whole is.
void look_round(memory& m, const health_settings& limits, const cache& c, instant now, keys& due) {
  std::size_t ready = 0;
  std::size_t lost = 0;
  for (const auto& o : c.all(of::nodes)) {
    auto n = c.view<views::node>(of::nodes, o);
    if (!n)
      continue;
    const auto& name = o->meta.name;
    if (auto l = c.view<views::lease>(of::leases, c.get(of::leases, lease_namespace, name)))
      m.heard.lease(name, l->renewed, now);
    if (const auto* condition = views::find(n->conditions, "Ready"))
      m.heard.status(name, condition->updated, now);
    bool good = is_ready(*n);
    ready += good ? 1 : 0;
    lost += good ? 0 : 1;
    if (!good || now - m.heard.last(name, now) > limits.grace)
      due.insert(name);
  }
  auto state = state_of_zone(ready, lost);
  m.rate.set(state, ready + lost, state == zone_state::full);
}

std::vector<views::pod> pods_on(const cache& c, const std::string& node) {
  std::vector<views::pod> out;
  for (const auto& o : c.all(of::pods))
    if (auto p = c.view<views::pod>(of::pods, o); p && p->node == node)
      out.push_back(std::move(*p));
  return out;
}

} // namespace

control::registration node_health_controller(health_settings limits) {
  control::registration out;
  out.name = "node-lifecycle";
  out.component = "node-controller";
  out.reads = {of::nodes, of::leases, of::pods};
  out.concerns = concerns;
  auto m = std::make_shared<memory>();
  out.every = limits.period;
  out.tick = [=](const cache& c, instant now, keys& due) { look_round(*m, limits, c, now, due); };
  out.plan = [=](const cache& c, const std::string& name,
                 const control::moment& at) -> control::actions {
    auto object = c.get(of::nodes, "", name);
    auto n = c.view<views::node>(of::nodes, object);
    if (!n) {
      m->heard.drop(name);
      return {};
    }
    node_observed o{.now = at.now,
                    .node = std::move(*n),
                    .last_heard = m->heard.last(name, at.now),
                    .pods = {},
                    .may_evict = true,
                    .limits = limits};
    if (is_ready(o.node) && at.now - o.last_heard <= limits.grace)
      return plan_node(o);
    o.pods = pods_on(c, name);
    bool out_already = std::any_of(o.node.taints.begin(), o.node.taints.end(), [](const auto& t) {
      return t.effect == "NoExecute" && t.key.starts_with("node.kubernetes.io/");
    });
    bool spoke = views::find(o.node.conditions, "Ready") != nullptr && !is_ready(o.node);
    o.may_evict = out_already || !spoke || m->rate.take(at.now);
    return plan_node(o);
  };
  return out;
}

} // namespace troupe::lease
