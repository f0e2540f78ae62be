// The health of one backend: GET /readyz again and again on one TLS connection, whose end says
// "down" at once. Includes Asio.
#pragma once

#include "config/pki/tls.hpp"
#include "netd/balancer/balancer.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility> // Boost 1.74 needs it before Asio

namespace troupe::balancer {

/// Lives on one loop, kept alive by its waits until stop().
class check : public std::enable_shared_from_this<check> {
public:
  enum class outcome : std::uint8_t {
    ready,     // 200
    not_ready, // another answer
    silent,    // no connection, or no answer in time
  };
  using told = std::function<void(outcome)>;

  /// Without `tls` a connection that stands is enough.
  check(boost::asio::io_context& loop, backend_address where, const settings& with,
        std::optional<pki::tls_context> tls, told then);

  void start() { round(); }
  void stop();
  const backend_address& where() const { return where_; }

private:
  enum class phase : std::uint8_t { none, connecting, handshake, idle, asking };

  void round();
  void connect();
  void step();
  void shake_hands();
  void ask();
  void read();
  void wait(bool for_room);
  void answered();
  void lost();
  void drop();

  backend_address where_;
  const settings& with_;
  std::optional<pki::tls_context> tls_;
  told then_;
  boost::asio::ip::tcp::socket socket_;
  pki::tls_session session_;
  boost::asio::steady_timer timer_;    // between rounds
  boost::asio::steady_timer deadline_; // of a round
  phase phase_ = phase::none;
  bool waiting_ = false;
  std::string heard_;
  std::uint64_t connection_ = 0; // counts them, so that late waits are told apart
  bool stopped_ = false;
};

/// Once a whole answer with a length is there, its status code; 0: not yet, -1: not HTTP. Pure.
int answer_code(std::string_view heard);

} // namespace troupe::balancer
