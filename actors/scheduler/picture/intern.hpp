// Text as small numbers: compared, hashed and stored as one word.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::scheduler {

using name_id = std::uint32_t;  // 0: the empty text
using node_id = std::uint32_t;  // a slot of the picture; reused after a node is gone
using pod_id = std::uint32_t;   // likewise
using shape_id = std::uint32_t; // a kind of pod: all that scheduling can see of it
using term_id = std::uint32_t;
using topology_id = std::uint32_t;

inline constexpr node_id no_node = 0xffffffff;

/// Never forgets: what clusters name (label keys and values, resources, namespaces) is bounded.
class interner {
public:
  interner() { id(""); }

  name_id id(std::string_view text) {
    if (auto found = ids_.find(text); found != ids_.end())
      return found->second;
    texts_.emplace_back(text);
    auto made = static_cast<name_id>(texts_.size() - 1);
    ids_.emplace(texts_.back(), made);
    return made;
  }
  const std::string& text(name_id id) const { return texts_[id]; }
  /// nullptr when nobody named it yet.
  const name_id* find(std::string_view text) const {
    auto found = ids_.find(text);
    return found == ids_.end() ? nullptr : &found->second;
  }

private:
  std::deque<std::string> texts_; // never moves its elements: the keys below point into it
  std::unordered_map<std::string_view, name_id> ids_;
};

} // namespace troupe::scheduler
