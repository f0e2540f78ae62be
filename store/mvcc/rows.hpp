// How versions and changes lie in the engine. Private to store/mvcc.
//
//   f                               the machine's facts, written with every batch
//   r <revision>                    one change: which key, what it superseded
//   s                               up to which revision compaction has deleted rows
//   v <key> 00 01 <~revision>       one version of a key, newest first (a zero byte in a key is
//   written 00 ff)
//
// History since a revision walks r, a list at a revision walks v, and both find what they need in
// order.
#pragma once

#include "store/kv/engine.hpp"
#include "store/machine/machine.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::mvcc {

using namespace store; // NOLINT: nobody outside this folder includes this header

inline constexpr std::string_view facts_row = "f";
inline constexpr std::string_view swept_row = "s";
inline constexpr std::string_view versions = "v"; // the first key of all versions
inline constexpr std::string_view after_versions = "w";

std::string change_key(revision at);
std::string version_key(std::string_view key, revision at);
/// The first row that a version of a key not before `key` can have.
std::string versions_from(std::string_view key);
/// The first row after all versions of keys that start with `prefix`.
std::string versions_after_prefix(std::string_view prefix);
/// The first row after all versions of `key`.
std::string versions_after_key(std::string_view key);

struct version {
  std::string key;
  revision at{};
};
std::optional<version> parse_version_key(std::string_view row);
std::optional<revision> parse_change_key(std::string_view row);

/// A change as its row has it: the values are in the versions.
struct change_row {
  bool erased = false;
  bool last = false;
  revision before{}; // the version it superseded; 0: none
  cause_id cause{};
  std::string key;
};
std::string encode(const change_row& row);
std::optional<change_row> parse_change(std::string_view value);

std::string version_value(const record& r);
/// Of an erased key.
std::string tombstone();
/// Null inside: a tombstone. Nothing: malformed.
std::optional<record_ptr> parse_version(version which, std::string_view value);

failure damaged(std::string_view what);

/// Adds the rows of a change to a batch.
void put_change(write_batch& out, const change& what);

/// Visits, per key in order, the newest version that is not newer than `at`; erased keys are left
/// out.
class version_walk {
public:
  version_walk(const row_reader& from, std::string_view first, std::string_view end, revision at);
  /// The next record; null at the end.
  result<record_ptr> next();

private:
  void leave_key(std::string_view key);

  std::unique_ptr<row_cursor> cursor_;
  revision at_;
};

} // namespace troupe::mvcc
