// What the store keeps and what may be asked of it. Values are opaque bytes here.
#pragma once

#include "config/base/bytes.hpp"
#include "config/base/ids.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::store {

/// The current state of one key.
struct record {
  std::string key;
  shared_bytes value;
  revision created{};  // of the put that made the key (again)
  revision modified{}; // of its last put
  cause_id cause{};    // of that put's command: leads a trace back to the request
};
using record_ptr = std::shared_ptr<const record>;

/// What must hold when a transaction is applied. One failed predicate, and nothing changes.
struct predicate {
  enum class test : std::uint8_t {
    absent,      // the key does not exist
    present,     // the key exists
    modified_is, // the key exists and was last put at `at`
  };
  test what = test::absent;
  std::string key;
  revision at{};
  bool operator==(const predicate&) const = default;
};

struct operation {
  enum class kind : std::uint8_t { put, erase };
  kind what = kind::put;
  std::string key;
  std::string value; // of a put
  bool operator==(const operation&) const = default;
};

/// All or nothing. Each operation that changes a byte takes one revision, in order; a put of the
/// bytes that are there, and an erase of what is not, change nothing and take none.
struct transaction {
  std::vector<predicate> when;
  std::vector<operation> then;  // at most one operation per key
  std::optional<term_id> fence; // of the leader scope that wrote it: applied only in this very term
  cause_id cause{};
  bool operator==(const transaction&) const = default;
};

/// What became of a transaction when it was applied.
struct outcome {
  enum class status : std::uint8_t { applied, predicate_failed, stale_term };
  status what = status::applied;
  revision first{};       // of its range; 0 when nothing changed
  revision last{};        // the store's revision after it
  std::uint32_t failed{}; // index into `when`
  bool operator==(const outcome&) const = default;
};

/// One change of one key, as a watch delivers it.
struct change {
  revision at{};
  record_ptr now;    // null: erased
  record_ptr before; // null: created
  cause_id cause{};
  bool last = true; // closes its transaction's range: a bookmark may stand here

  const std::string& key() const { return now ? now->key : before->key; }
};
/// Shared by the window, the hub and every watcher: nothing copies a change.
using change_ptr = std::shared_ptr<const change>;

/// The keys that start with `prefix`, from `from` on (empty: from the first), in byte order.
struct range {
  std::string prefix;
  std::string from;
  std::uint64_t limit = 0; // 0: all
  bool operator==(const range&) const = default;
};

} // namespace troupe::store
