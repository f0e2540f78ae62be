// An etcd v3 cluster as a client sees it: put, range, transaction, watch, lease over gRPC with TLS,
// asynchronous, with one thread for any number of calls and streams.
//
//   OR_RETURN(auto etcd, etcd::client::open({.endpoints = {"10.0.0.1:2379"}, .ca_pem = ca, ...}));
//   etcd->put(0, {"a", "1"}, 2s, [](result<etcd::written> r) { ... });
//   auto changes = etcd->follow(0, {.from = "a/", .to = etcd::end_of_prefix("a/")});
//   changes->next([](result<etcd::news> r) { ... });
#pragma once

#include "store/etcd/values.hpp"

namespace troupe::etcd {

struct client_settings {
  std::vector<std::string> endpoints; // HOST:PORT of the members' client addresses
  std::string ca_pem;                 // empty: no TLS
  std::string certificate_pem;
  std::string key_pem;
  std::uint32_t connections = 1;       // to each endpoint
  std::size_t max_answer = 64U << 20U; // bytes; more fails
};

class client_calls; // calls.hpp

/// Usable from any thread. `to` runs once, on the client's thread, also when the client is
/// destroyed; it must not block. Failures: `timeout` (the outcome is unknown), `unavailable`
/// (nothing was done), `too_many_requests`, `too_large`, `expired` (the revision is compacted),
/// `not_found` (the lease has ended), `unauthorized`, `forbidden`. Calls of one `lane` go over one
/// connection; lanes are spread over the endpoints first (lane % endpoints).
class client {
public:
  template <class T> using then = etcd::then<T>;

  static result<std::unique_ptr<client>> open(client_settings with);
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  /// Cancels what is under way and waits for its ends. Its watches are gone before.
  ~client();

  void put(std::size_t lane, pair what, duration deadline, then<written> to);
  void range(std::size_t lane, const question& what, duration deadline, then<answer> to);
  void commit(std::size_t lane, const txn& what, duration deadline, then<committed> to);
  std::unique_ptr<watch> follow(std::size_t lane, const watch_question& what);

  void grant(std::size_t lane, duration ttl, duration deadline, then<lease> to);
  void keep_alive(std::size_t lane, std::int64_t id, duration deadline, then<lease> to);
  void revoke(std::size_t lane, std::int64_t id, duration deadline, then<written> to);
  void compact(std::size_t lane, revision at, duration deadline, then<written> to);
  void status(std::size_t lane, duration deadline, then<member_status> to);

private:
  explicit client(std::unique_ptr<client_calls> calls);

  std::unique_ptr<client_calls> calls_;
};

/// All endpoints as one. Lives until its watches are gone.
result<std::unique_ptr<cluster>> connect(client_settings with);

} // namespace troupe::etcd
