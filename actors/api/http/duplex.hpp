// Raw bytes both ways over an upgraded connection, on the server's and on the client's side.
#pragma once

#include "config/base/bytes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace troupe::http {

namespace detail {
class tunnel;
} // namespace detail

enum class push : std::uint8_t {
  queued, // will be sent
  full,   // not taken: the reader is `stream_buffer` behind; see on_drain
  gone,   // not taken: the client went away
};

/// Raw bytes both ways after an upgrade (101): WebSocket, SPDY. Copies are the same tunnel; usable
/// from any thread.
class duplex {
public:
  push write(shared_bytes bytes) const;
  /// Calls `take` with what arrives (also with what arrived before), in order, on one I/O thread;
  /// an empty view once at the end. It returns false to get nothing more until resume().
  void on_data(std::function<bool(std::string_view)> take) const;
  void resume() const;
  void on_drain(std::function<void()> then) const;
  /// Sends what is queued, then closes.
  void close() const;
  bool gone() const;

  explicit duplex(std::shared_ptr<detail::tunnel> over) : over_(std::move(over)) {}

private:
  std::shared_ptr<detail::tunnel> over_;
};

} // namespace troupe::http
