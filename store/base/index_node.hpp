// The two kinds of node of the record index. Private to index*.cpp.
#pragma once

#include "store/base/index.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace troupe::store {

struct record_index::node {
  explicit node(bool leaf) : is_leaf(leaf) {}
  std::atomic<std::uint32_t> refs{1};
  const bool is_leaf;
  std::uint16_t size = 0; // of its entries; 1 to `most`, `most + 1` while it is being split
};

inline constexpr std::size_t slots = 32;
inline constexpr std::size_t most =
  slots - 1; // one slot is kept for the entry that makes a node split
inline constexpr std::size_t few =
  slots / 4; // a node with fewer is merged, if a neighbour has room
inline constexpr std::size_t packed =
  28; // in a node built from sorted records: room for a few more

struct leaf : record_index::node {
  leaf() : node(true) {}
  std::array<record_ptr, slots> records;
};

struct branch : record_index::node {
  branch() : node(false) {}
  std::array<record_index::link, slots> kids;
  std::array<shared_bytes, slots>
    low; // keys under kid i are in [low[i], low[i + 1]); low[0] is unused
  std::array<std::uint64_t, slots> counts{};
};

inline leaf& as_leaf(record_index::node* n) { return static_cast<leaf&>(*n); }
inline branch& as_branch(record_index::node* n) { return static_cast<branch&>(*n); }

/// How many records are under `n` (null: none).
inline std::uint64_t total(const record_index::node* n) {
  if (!n)
    return 0;
  if (n->is_leaf)
    return n->size;
  auto& counts = static_cast<const branch*>(n)->counts;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < n->size; ++i)
    sum += counts[i];
  return sum;
}

/// The shortest text that is after `left` and not after `right`.
inline shared_bytes between(const std::string& left, const std::string& right) {
  auto differ = std::mismatch(left.begin(), left.end(), right.begin(), right.end()).second;
  return share(right.substr(0, static_cast<std::size_t>(differ - right.begin()) + 1));
}

} // namespace troupe::store
