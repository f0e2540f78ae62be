#include "config/api/views/node.hpp"

#include "config/api/views/parts.hpp"

namespace troupe::views {

result<node> node::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  node out{.meta = o.meta,
           .unschedulable = root["spec"]["unschedulable"].flag(),
           .pod_cidr = root["spec"]["podCIDR"].text(),
           .taints = read_taints(root["spec"]["taints"]),
           .conditions = read_conditions(root["status"]["conditions"]),
           .internal_ip = {}};
  root["status"]["addresses"].each([&](reader a) {
    if (out.internal_ip.empty() && a["type"].view() == "InternalIP")
      out.internal_ip = a["address"].text();
  });
  return out;
}

} // namespace troupe::views
