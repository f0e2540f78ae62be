// What is said to an etcd v3 cluster and what it answers, as values; and the cluster as an
// interface, which the real client (client.hpp) and the tests' scripted one fulfil.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/ids.hpp"
#include "config/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::etcd {

struct pair {
  std::string key;
  std::string value;
};

struct record {
  std::string key;
  std::string value;
  revision created{};
  revision modified{};
  bool operator==(const record&) const = default;
};

/// Keys in [from, to); `to` empty: the key `from` alone; "\0": all from `from` on.
struct question {
  std::string from;
  std::string to;
  std::uint64_t limit = 0;  // 0: all
  revision at{};            // of the past; 0: now
  bool linearizable = true; // else whatever the member has
};
struct answer {
  revision at{}; // the store's revision when it was read
  std::vector<record> records;
  std::uint64_t count = 0; // of all keys in the range, whatever the limit
};
struct written {
  revision at{};
};

/// Holds when the key's revision compares so; a key that does not exist has revision 0.
struct compare {
  enum class field : std::uint8_t { created, modified };
  enum class test : std::uint8_t { equal, greater };
  std::string key;
  field of = field::created;
  test how = test::equal;
  revision to{};
  bool operator==(const compare&) const = default;
};
struct order {
  enum class kind : std::uint8_t { put, erase, look }; // look: the revisions of a key, no value
  kind what = kind::put;
  std::string key;
  std::string value;      // of a put
  std::int64_t lease = 0; // of a put: the key goes with it
  bool operator==(const order&) const = default;
};
/// `then` when all of `when` holds, else `otherwise`. All changes get one revision.
struct txn {
  std::vector<compare> when;
  std::vector<order> then;
  std::vector<order> otherwise;
};
struct order_answer {
  std::uint64_t erased = 0;    // of an erase: how many there were
  std::vector<record> records; // of a look
};
struct committed {
  bool done = false; // `when` held
  revision at{};     // the store's revision after it
  std::vector<order_answer> answers;
};

/// Changes of the keys in [from, to) from revision `start` on (0: from now on).
struct watch_question {
  std::string from;
  std::string to;
  revision start{};
  bool before = false; // say what was there before, as long as it is not compacted
};
struct event {
  bool erased = false;
  record now; // erased: key and `modified` only
  std::optional<record> before;
};
/// Ascending, whole revisions only. None: the stream is alive.
struct news {
  revision at{}; // etcd's revision when it was sent
  std::vector<event> events;
};

struct lease {
  std::int64_t id = 0;
  duration ttl{}; // what the server grants: may be more than what was asked for
};
struct member_status {
  std::string version;
  std::uint64_t bytes = 0; // of its database
  bool led = false;        // it knows a leader
};

/// The range end that selects exactly the keys with this prefix.
std::string end_of_prefix(std::string prefix);

template <class T> using then = std::function<void(result<T>)>;

/// One stream of changes; its end cancels it. Usable from any thread.
class watch {
public:
  watch() = default;
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  virtual ~watch() = default;
  /// `to` runs once, with the next news or with why there are none any more: `expired` (what was
  /// asked for is compacted), `unavailable` (start another one where this one ended). One question
  /// at a time; nothing is read from the network but what was asked for.
  virtual void next(then<news> to) = 0;
};

/// An etcd cluster behind all its endpoints: what certainly was not done is tried at the next one,
/// reads always are. Usable from any thread; `to` runs once, on a driver's thread, also when the
/// cluster is destroyed; it must not block. Failures as of client (client.hpp).
class cluster {
public:
  cluster() = default;
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;
  virtual ~cluster() = default;
  virtual void range(question what, duration deadline, then<answer> to) = 0;
  virtual void commit(txn what, duration deadline, then<committed> to) = 0;
  /// At another endpoint than the last one, if that one ended with a failure.
  virtual std::unique_ptr<watch> follow(watch_question what) = 0;
  virtual void grant(duration ttl, duration deadline, then<lease> to) = 0;
  /// Fails with not_found when the lease has ended.
  virtual void keep_alive(std::int64_t id, duration deadline, then<lease> to) = 0;
  virtual void revoke(std::int64_t id, duration deadline, then<written> to) = 0;
  /// Drops the history before `at`, of the whole etcd cluster. Fails with expired when done before.
  virtual void compact(revision at, duration deadline, then<written> to) = 0;
};

} // namespace troupe::etcd
