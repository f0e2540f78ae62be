#include "store/kv/engine.hpp"

#include "config/base/invariant.hpp"

#include <limits>

namespace troupe::store {

void write_batch::add(kind what, std::string_view key, std::string_view value) {
  constexpr auto largest = std::numeric_limits<std::uint32_t>::max();
  invariant(!key.empty() && key[0] != '\0', "a row's key begins with a byte that is not zero");
  invariant(key.size() <= largest && value.size() <= largest, "a row fits into 4 GiB");
  items_.push_back({text_.size(), static_cast<std::uint32_t>(key.size()),
                    static_cast<std::uint32_t>(value.size()), what});
  text_.append(key).append(value);
}

write_batch::item write_batch::operator[](std::size_t i) const {
  auto& each = items_[i];
  std::string_view text{text_};
  return {each.what, text.substr(each.at, each.key), text.substr(each.at + each.key, each.value)};
}

void write_batch::clear() {
  text_.clear();
  items_.clear();
  applied_.reset();
}

} // namespace troupe::store
