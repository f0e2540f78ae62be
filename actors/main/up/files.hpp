// The files of a cluster on one machine: certificates, configurations, the kubeconfig.
#pragma once

#include "actors/main/up/layout.hpp"

namespace troupe::up {

/// Makes what is missing and keeps what is there: a second `troupe up` starts the same cluster.
/// Configurations are written anew each time.
result<void> prepare_files(const layout& l, instant now);

/// Names of the files in a node's pki directory.
inline constexpr auto node_credential_name = "node";

} // namespace troupe::up
