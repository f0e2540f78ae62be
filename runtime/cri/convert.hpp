// Between the runtime's values and CRI's messages.
#pragma once

#include "cri.pb.h"
#include "runtime/base/types.hpp"

namespace troupe::cri {

namespace wire = ::runtime::v1;

wire::PodSandboxConfig to_wire(const runtime::sandbox_config& config);
wire::ContainerConfig to_wire(const runtime::container_config& config);
wire::LinuxContainerResources to_wire(const runtime::resources& limits);

runtime::sandbox_status from_wire(const wire::PodSandboxStatus& status);
runtime::container_status from_wire(const wire::ContainerStatus& status);
runtime::listed_sandbox from_wire(const wire::PodSandbox& sandbox);
runtime::listed_container from_wire(const wire::Container& container);
runtime::image from_wire(const wire::Image& image);
runtime::usage from_wire(const wire::ContainerStats& stats);
runtime::health from_wire(const wire::RuntimeStatus& status);

} // namespace troupe::cri
