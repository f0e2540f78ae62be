// What is below our prefix, kept in memory from one list and one watch: the index that reads are
// served from, the recent past, and who would lead. Pure.
//
//   mirror now{keys};
//   now.load(page); ...                    // all keys at one revision, in order
//   CHECK_RETURN(now.loaded(revision));
//   auto changes = now.take(news);         // of the watch from that revision + 1 on
#pragma once

#include "store/base/index.hpp"
#include "store/etcd/keys.hpp"
#include "store/etcd/values.hpp"
#include "store/seal/keyring.hpp"

#include <deque>
#include <map>

namespace troupe::etcd {

struct mirror_limits {
  std::size_t changes = 16384; // of the past that is kept in memory
  std::size_t bytes = 32U << 20U;
  std::size_t stride = 256; // changes between two states that are kept whole
};

/// One that would lead; the oldest does.
struct candidate {
  std::string key;
  std::string name; // of its master
  bool operator==(const candidate&) const = default;
};

struct mirrored {
  std::vector<store::change_ptr> changes;
  bool candidates = false; // are others than before
  bool masters = false;
};

/// As the store knows it: under its own key, opened. Fails with forbidden when no secret opens it.
result<store::record_ptr> to_record(const key_space& keys, const seal::keyring_ptr& secrets,
                                    record&& from, cause_id cause = {});

class mirror {
public:
  explicit mirror(key_space keys, const mirror_limits& limits = {}, seal::keyring_ptr secrets = {})
      : keys_(std::move(keys)), limits_(limits), secrets_(std::move(secrets)) {}

  void load(std::vector<record>&& page);
  /// Everything at etcd's revision `at` is loaded. Fails with conflict when it is no store.
  result<void> loaded(revision at);
  /// What was taken before is not taken again.
  mirrored take(news&& what);

  /// Why something could not be opened: it is not to be used any more.
  const std::optional<failure>& trouble() const { return trouble_; }
  /// Of the last transaction that is contained.
  revision at() const { return at_; }
  /// Of the last event that was taken: the watch goes on behind it.
  revision seen() const { return seen_; }
  revision compacted() const { return compacted_; }
  store::view_ptr current() const { return current_; }
  /// The state at an older revision; null when memory does not reach so far.
  store::view_ptr past(revision at) const;

  /// By the revision of their creation, which is their term.
  const std::map<revision, candidate>& candidates() const { return candidates_; }
  /// HOST:PORT by name, and the revision of their last change.
  const std::map<std::string, std::string>& masters() const { return masters_; }
  revision masters_since() const { return masters_since_; }

private:
  struct state {
    revision at{};
    store::record_index records;
  };
  store::record_ptr opened(record&& from, cause_id cause);
  void take_event(event&& e, cause_id cause, mirrored& out);
  void note(store::change_ptr change);
  void take_other(const key_space::place& place, const event& e, mirrored& out);
  void forget_candidate(const std::string& key);

  key_space keys_;
  mirror_limits limits_;
  seal::keyring_ptr secrets_; // null: nothing is sealed
  std::optional<failure> trouble_;
  store::index_builder loading_;
  store::record_index records_;
  store::view_ptr current_;
  revision at_{};
  revision seen_{};
  revision compacted_{};
  std::map<revision, candidate> candidates_;
  std::map<std::string, std::string> masters_;
  revision masters_since_{};
  revision past_start_{};              // all changes after it are in past_
  std::deque<store::change_ptr> past_; // ascending
  std::size_t past_bytes_ = 0;
  std::deque<state> states_; // ascending
  std::size_t unkept_ = 0;   // changes since the last of them
};

} // namespace troupe::etcd
