// What the kubelet says of a pod: PodStatus from the same values that the plan is made of.
#pragma once

#include "actors/kubelet/pod/plan.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::kubelet {

struct node_place {
  std::string address;                // the node's
  std::string runtime = "containerd"; // the scheme of container ids
};

/// `before` is the status that stands in the API (null or an object): conditions that did not
/// change keep their times, conditions of others are kept.
nlohmann::json status_of(const pod& p, const runtime::pod_state& seen, const memory& known,
                         const plan& next, const node_place& place, const nlohmann::json& before,
                         instant now);

/// Pending, Running, Succeeded or Failed.
std::string_view phase_of(const pod& p, const runtime::pod_state& seen, const memory& known);

/// Its containers' readiness, without the gates.
bool is_ready(const container& c, const runtime::container_status* status, const memory& known);

} // namespace troupe::kubelet
