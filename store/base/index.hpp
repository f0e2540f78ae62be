// The records of all keys in byte order: a B+-tree whose copies share their nodes.
//
// Copying an index is O(1) and the copy never changes: an update copies the nodes on its path that
// somebody else can still see, and works in place on those that nobody else can, so that a batch of
// updates between two copies copies each node once. A copy may be read and dropped on any thread;
// one thread at a time works on one index.
#pragma once

#include "store/base/view.hpp"

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace troupe::store {

class record_index {
public:
  struct node; // private to index.cpp, as are its two kinds

  /// A counted reference to a node.
  class link {
  public:
    link() = default;
    explicit link(node* held) : held_(held) {} // takes over one reference
    link(const link& other);
    link(link&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    link& operator=(link other) noexcept {
      std::swap(held_, other.held_);
      return *this;
    }
    ~link();
    node* get() const { return held_; }
    explicit operator bool() const { return held_ != nullptr; }
    /// Nobody else refers to the node.
    bool sole() const;

  private:
    node* held_ = nullptr;
  };

  /// Null when the key does not exist.
  record_ptr find(std::string_view key) const;
  /// Inserts or replaces; returns the record that was there.
  record_ptr put(record_ptr entry);
  /// Returns the record that was there, null if none.
  record_ptr erase(std::string_view key);

  std::uint64_t size() const;
  /// How many keys start with `prefix`: O(log n).
  std::uint64_t count(std::string_view prefix) const;
  /// As view::scan.
  void scan(const range& r, const std::function<bool(const record_ptr&)>& visit) const;
  /// Throws broken_invariant where the tree is malformed (for tests); returns its depth.
  std::size_t check() const;

private:
  friend class index_builder;
  link root_;
};

/// Builds an index from records in strictly ascending order of their keys, in O(n) and densely
/// packed.
class index_builder {
public:
  void add(record_ptr entry);
  std::uint64_t size() const { return size_; }
  record_index finish();

private:
  std::vector<record_index::link> leaves_;
  std::uint64_t size_ = 0;
};

/// The view of an index that holds all changes up to `at`.
view_ptr make_view(record_index records, revision at);

} // namespace troupe::store
