#include "actors/controllers/pod_gc/plan.hpp"
#include "actors/controllers/registrations.hpp"

namespace troupe::control {

registration pod_gc_controller(std::int64_t threshold) {
  registration out;
  out.name = "pod-gc";
  out.component = "pod-garbage-collector";
  out.reads = {of::pods, of::nodes};
  out.concerns = [](const cache&, const resource&, const api::object_ptr&, const api::object_ptr&,
                    keys&) {};
  out.every = pod_gc::period;
  out.tick = [](const cache&, instant, keys& due) { due.insert("pods"); };
  auto missing = std::make_shared<pod_gc::absence>();
  out.plan = [=](const cache& c, const std::string&, const moment& m) -> actions {
    pod_gc::observed o{.now = m.now, .pods = {}, .threshold = threshold};
    std::set<std::string> named;
    for (auto& p : c.views<views::pod>(of::pods, c.all(of::pods))) {
      if (!p.node.empty())
        named.insert(p.node);
      o.pods.push_back(std::move(p));
    }
    std::set<std::string> there;
    for (const auto& n : c.all(of::nodes))
      there.insert(n->meta.name);
    o.gone_nodes = missing->look(named, there, m.now);
    return pod_gc::plan(o);
  };
  return out;
}

} // namespace troupe::control
