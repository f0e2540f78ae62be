// The TCP balancer in front of the masters: TLS is passed through, only backends whose /readyz
// answers get connections, and a backend that refuses one is left for the next at once.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::balancer {

struct backend_address {
  std::string address; // IPv4 or IPv6
  std::uint16_t port = 0;
  bool operator==(const backend_address&) const = default;
};

struct settings {
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 0; // 0: any free one
  bool reuse_port = true; // several balancers share the port; killing one loses no new connection
  std::vector<backend_address> backends;
  std::string ca_pem; // what the backends' certificates are checked against; empty: a connection
                      // that stands is check enough
  std::string check_path = "/readyz";
  duration check_interval = 250ms;
  duration check_deadline = 1s;
  duration connect_deadline = 1s; // for one backend; the next is tried with the same client
  duration break_after = 5s;      // a backend silent for so long loses its open connections
  duration drain = 5s;            // on stop: how long open connections may go on
  std::size_t buffer = 64U << 10; // bytes under way per direction of a connection
  std::size_t max_connections = 20000;
};

struct backend_status {
  backend_address where;
  bool up = false;
  std::uint64_t connections = 0; // open
};

/// A running balancer on one thread of its own.
class balancer {
public:
  static result<std::unique_ptr<balancer>> start(settings with);
  ~balancer();

  std::uint16_t port() const;
  std::vector<backend_status> backends() const;
  /// Masters that came or went. Connections to those that went are kept.
  void set_backends(std::vector<backend_address> all);
  /// Called on the balancer's thread when a backend's health changes.
  void on_change(std::function<void(const backend_status&)> then);
  /// Accepts no more, lets connections go on for `drain`, joins.
  void stop();

  struct state;
  explicit balancer(std::unique_ptr<state> inner);

private:
  std::unique_ptr<state> state_;
};

/// `troupe balancer`: runs until SIGTERM or SIGINT. Writes "listening ADDRESS:PORT\n" to standard
/// output once it accepts.
result<void> run_balancer(const settings& with);

} // namespace troupe::balancer
