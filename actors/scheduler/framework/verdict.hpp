// Why a node is not for a pod.
#pragma once

#include "actors/scheduler/picture/intern.hpp"

namespace troupe::scheduler {

enum class why : std::uint8_t {
  fits,
  unschedulable,          // cordoned
  untolerated_taint,      // detail: index into the node's taints
  node_affinity,          // selector or affinity
  ports,                  //
  too_many_pods,          //
  cpu,                    //
  memory,                 //
  storage,                //
  extended,               // detail: the resource's name
  spread_label,           // the node lacks the topology label
  spread,                 //
  affinity,               //
  anti_affinity,          //
  existing_anti_affinity, // a pod that is there does not bear this one
};

struct verdict {
  scheduler::why what = why::fits;
  name_id detail = 0;
  explicit operator bool() const { return what == why::fits; }
};

/// Whether evicting pods from the node could help.
constexpr bool evicting_may_help(why w) {
  switch (w) {
  case why::fits:
  case why::unschedulable:
  case why::untolerated_taint:
  case why::node_affinity:
  case why::spread_label:
  case why::affinity: return false;
  default: return true;
  }
}

} // namespace troupe::scheduler
