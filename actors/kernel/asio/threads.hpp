// The I/O threads of a process: each runs an event loop of its own, and a socket stays with one of
// them, so that nothing on a connection needs a lock. CAF-free.
#pragma once

#include <cstddef>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace troupe::io {

class threads {
public:
  explicit threads(std::size_t count = 2);
  /// Stops and joins; what was posted and not yet run is dropped.
  ~threads();
  threads(const threads&) = delete;
  threads& operator=(const threads&) = delete;

  /// Ends every loop and joins every thread. Must not be called on one of them.
  void stop();
  std::size_t size() const;
  boost::asio::io_context& at(std::size_t index);
  /// One loop after another.
  boost::asio::io_context& next();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace troupe::io
