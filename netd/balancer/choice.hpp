// Which backend a new connection goes to: pure, fed with what was seen.
#pragma once

#include "netd/balancer/balancer.hpp"

#include <cstddef>
#include <vector>

namespace troupe::balancer {

/// What is known of a backend.
enum class health : std::uint8_t {
  unknown, // not looked at yet
  up,      // its last check was good
  down,    // a check or a connection failed since
};

/// The backends and what was seen of them. A failed connection marks a backend down at once; only a
/// good check marks it up again.
class choice {
public:
  struct backend {
    backend_address where;
    health state = health::unknown;
    std::uint64_t connections = 0;
    bool operator==(const backend&) const = default;
  };

  /// Keeps what is known of those that stay.
  void set(const std::vector<backend_address>& all);
  const std::vector<backend>& all() const { return all_; }

  // Each returns whether the backend's state changed. Backends that are gone are ignored.
  bool checked(const backend_address& which, bool good);
  bool refused(const backend_address& which);
  void opened(const backend_address& which);
  void closed(const backend_address& which);

  /// In which order to try: those that are up, fewest connections first and in turn among equals;
  /// then those not looked at yet; then those that are down, because trying costs little and a
  /// check may be late.
  std::vector<backend_address> order();

private:
  backend* find(const backend_address& which);

  std::vector<backend> all_;
  std::size_t turn_ = 0;
};

} // namespace troupe::balancer
