// The servers that are measured: three fresh members of one system, started as children of this
// process on 127.0.0.1, with TLS, in a directory of their own; ended and removed with their object,
// and by the kernel if this process dies.
#pragma once

#include "actors/bench/patience.hpp"
#include "config/pki/cluster.hpp"
#include "runtime/host/process.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::bench {

/// A directory that is removed with what is in it.
class scratch {
public:
  /// Makes it; fails when it is there.
  static result<scratch> make(const std::filesystem::path& at);
  scratch(scratch&& other) noexcept : at_(std::exchange(other.at_, {})) {}
  scratch& operator=(scratch&& other) noexcept {
    std::swap(at_, other.at_);
    return *this;
  }
  ~scratch();
  const std::filesystem::path& path() const { return at_; }

private:
  explicit scratch(std::filesystem::path at) : at_(std::move(at)) {}
  std::filesystem::path at_;
};

struct member {
  std::string name;
  std::uint16_t client_port = 0; // troupe: the API; etcd: its gRPC
  std::uint16_t peer_port = 0;   // troupe: links; etcd: its peers
};

/// Started; whether they answer yet is for the caller to find out.
struct members {
  std::string system; // "troupe", "etcd"
  std::vector<member> all;
  std::vector<runtime::process> processes;        // in the order of `all`
  std::vector<std::vector<std::string>> commands; // that started them
  std::string directory;
  std::string ca_pem;
  pki::credential client; // whom the servers trust: a master, for etcd anybody of the authority

  std::vector<pid_t> pids() const;
  /// Fails with the end of its log when one has ended.
  result<void> check_running();
  /// Kills one (-9), waits for its end and starts it anew: the moment before that start.
  result<std::chrono::steady_clock::time_point> restart(std::size_t which);
};

struct troupe_members {
  members common;
  pki::credential admin; // of the API
};

/// `program`: path of `troupe`. `directory` exists.
result<troupe_members> start_troupe(const std::string& program, const std::string& directory,
                                    instant now);
/// Needs `etcd` in the PATH.
result<members> start_etcd(const std::string& directory, instant now);

/// The name under which this process links to the masters: it dials all of them.
inline constexpr auto own_name = "bench";

} // namespace troupe::bench
