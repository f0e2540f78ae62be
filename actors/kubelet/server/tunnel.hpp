// Two upgraded connections become one.
#pragma once

#include "actors/api/http/duplex.hpp"

namespace troupe::kubelet {

/// Passes bytes both ways, each way no faster than its receiver takes them, until one end closes.
void join(const http::duplex& a, const http::duplex& b);

} // namespace troupe::kubelet
