// An etcd v3 cluster as a client sees it: put, range, transaction over gRPC with TLS, asynchronous,
// with one thread for any number of calls.
//
//   OR_RETURN(auto etcd, etcd::client::open({.endpoints = {"10.0.0.1:2379"}, .ca_pem = ca, ...}));
//   etcd->put(0, {"a", "1"}, 2s, [](result<etcd::written> r) { ... });
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"
#include "store/base/types.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::etcd {

struct client_settings {
  std::vector<std::string> endpoints; // HOST:PORT of the members' client addresses
  std::string ca_pem;                 // empty: no TLS
  std::string certificate_pem;
  std::string key_pem;
  std::uint32_t connections = 1;       // to each endpoint
  std::size_t max_answer = 64U << 20U; // bytes; more fails
};

struct pair {
  std::string key;
  std::string value;
};

struct record {
  std::string key;
  std::string value;
  revision created{};
  revision modified{};
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
/// Of a transaction: `done` false: a predicate failed and nothing changed. All changes of one
/// transaction have the revision `at` (etcd counts transactions, not changes).
struct committed {
  bool done = false;
  revision at{};
};

/// The range end that selects exactly the keys with this prefix.
std::string end_of_prefix(std::string prefix);

class client_calls; // client.cpp

/// Usable from any thread. `then` runs once, on the client's thread, also when the client is
/// destroyed; it must not block. Failures: `timeout` (the outcome is unknown), `unavailable`,
/// `too_many_requests`, `expired` (the revision is compacted). Calls of one `lane` go over one
/// connection; lanes are spread over the endpoints first (lane % endpoints).
class client {
public:
  template <class T> using then = std::function<void(result<T>)>;

  static result<std::unique_ptr<client>> open(client_settings with);
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  /// Cancels what is under way and waits for its ends.
  ~client();

  void put(std::size_t lane, pair what, duration deadline, then<written> to);
  void range(std::size_t lane, const question& what, duration deadline, then<answer> to);
  /// Fails with bad_request on a fence: etcd knows no leader scopes.
  void commit(std::size_t lane, const store::transaction& what, duration deadline,
              then<committed> to);

private:
  explicit client(std::unique_ptr<client_calls> calls);

  std::unique_ptr<client_calls> calls_;
};

} // namespace troupe::etcd
