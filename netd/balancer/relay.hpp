// One connection passed through: bytes both ways, half-closed when one side is done, bounded when
// one side is slow. Includes Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility> // Boost 1.74 needs it before Asio
#include <vector>

namespace troupe::balancer {

/// Lives on one loop, kept alive by its waits. Holds a buffer only while bytes wait.
class relay : public std::enable_shared_from_this<relay> {
public:
  using socket_type = boost::asio::ip::tcp::socket;

  /// `scratch` is the loop's: at most its size is under way per direction. `then` is called at the
  /// end.
  relay(socket_type client, socket_type backend, std::vector<char>& scratch,
        std::function<void()> then);

  void start();
  void close();

private:
  struct way {
    socket_type* from;
    socket_type* to;
    std::string waiting; // read and not taken by the other side yet
    bool over = false;   // the end was passed on
  };

  void pump(way& w);
  /// True when all that waits is out.
  bool send_waiting(way& w);
  void wait(way& w, bool for_room);

  socket_type client_;
  socket_type backend_;
  std::vector<char>& scratch_;
  std::function<void()> then_;
  std::array<way, 2> ways_;
};

} // namespace troupe::balancer
