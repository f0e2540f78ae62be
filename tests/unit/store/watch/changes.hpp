// Changes made up for the tests.
#pragma once

#include "store/base/types.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace troupe::store {

inline change_ptr make_change(const std::string& key, std::uint64_t at, bool last = true) {
  auto out = std::make_shared<change>();
  out->at = revision{at};
  out->now = std::make_shared<const record>(record{
    .key = key, .value = share("v" + std::to_string(at)), .created = {}, .modified = out->at});
  out->last = last;
  return out;
}

/// One transaction's changes, from revision `first` on.
inline std::vector<change_ptr> make_changes(std::initializer_list<const char*> keys,
                                            std::uint64_t first) {
  std::vector<change_ptr> out;
  for (auto* key : keys)
    out.push_back(make_change(key, first + out.size(), out.size() + 1 == keys.size()));
  return out;
}

} // namespace troupe::store
