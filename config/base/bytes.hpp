// Bytes that many may hold and nobody changes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

using shared_bytes = std::shared_ptr<const std::string>;

inline shared_bytes share(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

} // namespace troupe
