// A store as the benchmark's clients use it: over sockets with TLS, spread over the members.
#pragma once

#include "actors/bench/closed_loop.hpp"
#include "actors/bench/members.hpp"
#include "actors/bench/watched.hpp"

#include <memory>
#include <string>

namespace troupe::bench {

/// `turn` says over which connection to which member: turn mod 3 is the member. Each client takes
/// the next turn with each operation, so that every load is spread over all members alike. Usable
/// from any thread.
class store_target {
public:
  store_target() = default;
  store_target(const store_target&) = delete;
  store_target& operator=(const store_target&) = delete;
  /// What is under way comes back as not good, or never.
  virtual ~store_target() = default;

  virtual void put(std::size_t turn, std::string key, std::string value, finish to) = 0;
  enum class reading : std::uint8_t {
    linearizable,
    any, // what the member has: Kubernetes' version 0, etcd's serializable
  };
  /// Good: the key is there, with a value of `size` bytes.
  virtual void get(std::size_t turn, std::string key, std::size_t size, reading how, finish to) = 0;
  /// Linearizable, all of one revision. Good: so many records with this prefix, from the key `from`
  /// on.
  virtual void list(std::size_t turn, std::string prefix, std::string from, std::uint32_t limit,
                    finish to) = 0;
  /// Begins watchers, from now on; `to` when all of them watch. Troupe's share one stream, etcd's
  /// have one each. Not from two threads.
  virtual void watch(std::size_t turn, watch_order what, finish to) = 0;
  /// Ends all watches; a few changes may still be told.
  virtual void unwatch() = 0;
};

/// One link to each master (a control and a bulk connection, TLS 1.3), portal "store".
result<std::unique_ptr<store_target>> reach_store(const members& of);
/// `connections` gRPC channels to each member.
result<std::unique_ptr<store_target>> reach_etcd(const members& of, std::uint32_t connections);

} // namespace troupe::bench
