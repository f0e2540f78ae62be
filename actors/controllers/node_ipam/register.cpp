#include "actors/controllers/node_ipam/plan.hpp"
#include "actors/controllers/registrations.hpp"

namespace troupe::control {

registration node_ipam_controller(std::string cluster_cidr, std::uint8_t node_mask) {
  registration out;
  out.name = "node-ipam";
  out.component = "cidrAllocator";
  out.reads = {of::nodes};
  out.concerns = [](const cache&, const resource&, const api::object_ptr& now,
                    const api::object_ptr&, keys& due) {
    if (now)
      due.insert("nodes");
  };
  out.plan = [cluster_cidr = std::move(cluster_cidr), node_mask](const cache& c, const std::string&,
                                                                 const moment&) {
    return node_ipam::plan({.nodes = c.views<views::node>(of::nodes, c.all(of::nodes)),
                            .cluster_cidr = cluster_cidr,
                            .node_mask = node_mask});
  };
  return out;
}

} // namespace troupe::control
