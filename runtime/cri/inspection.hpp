// Pictures that take several CRI calls: the overview of all pods, and one pod in full.
#pragma once

#include "cri.grpc.pb.h"
#include "runtime/base/driver.hpp"
#include "runtime/cri/client.hpp"

#include <string>

namespace troupe::cri {

/// Both lists at once; items without a pod's label are left out.
void take_inventory(calls& through, ::runtime::v1::RuntimeService::Stub& stub, duration limit,
                    runtime::reply<runtime::inventory> to);

/// Lists by the pod's label, then asks for every status at once. What vanishes between is left out.
void inspect_pod(calls& through, ::runtime::v1::RuntimeService::Stub& stub, duration limit,
                 const std::string& pod_uid, runtime::reply<runtime::pod_state> to);

} // namespace troupe::cri
