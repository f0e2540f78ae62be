// What controllers read of a node.
#pragma once

#include "config/api/views/condition.hpp"
#include "config/api/views/taint.hpp"

namespace troupe::views {

struct node {
  api::metadata meta;
  bool unschedulable = false;
  std::string pod_cidr;
  std::vector<taint> taints;
  std::vector<condition> conditions;
  std::string internal_ip;
  bool operator==(const node&) const = default;

  static result<node> from(const api::object& o);
};

} // namespace troupe::views
