// Kernel settings of this network namespace (/proc/sys).
#pragma once

#include "config/base/result.hpp"

#include <string>

namespace troupe::host {

/// Reads e.g. "net/ipv4/ip_forward"; without the closing newline.
result<std::string> read_sysctl(const std::string& path);
/// Sets it. Outside a namespace of its own the caller keeps the former value and puts it back.
result<void> write_sysctl(const std::string& path, const std::string& value);

} // namespace troupe::host
