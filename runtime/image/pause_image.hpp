// The pause image, built with the program and carried inside it: a node needs no registry to start.
#pragma once

#include <string_view>

namespace troupe::image {

inline constexpr auto pause_name = "registry.k8s.io/pause:3.6";

/// A docker-archive; lives as long as the program.
std::string_view pause_archive();

} // namespace troupe::image
