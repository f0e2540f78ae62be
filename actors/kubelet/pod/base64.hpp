// Base64 as Secrets and registry credentials hold it.
#pragma once

#include <string>
#include <string_view>

namespace troupe::kubelet {

/// What is no digit is skipped.
std::string from_base64(std::string_view text);

} // namespace troupe::kubelet
