// What arrives on a tunnel, on its way to the callback that takes it: nothing is lost before there
// is one, and the end is told once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace troupe::http::detail {

/// Who takes what arrives. Set from any thread.
struct inbox {
  std::mutex mutex;
  std::function<bool(std::string_view)> take;
};

/// On the connection's loop.
class inflow {
public:
  /// `early`: what came with the head.
  void begin(std::shared_ptr<inbox> to, std::string early);
  void deliver(std::string_view bytes);
  /// The taker is there, or takes more again.
  void resume();
  /// The peer will send nothing more; told once the taker takes.
  void end();
  /// The connection is gone: what is kept and the end are told now.
  void close();
  bool wants_more() const { return !paused_ && !ended_; }

private:
  bool give(std::string_view bytes);

  std::shared_ptr<inbox> to_;
  std::string early_; // came while nobody took it
  bool paused_ = true;
  bool ended_ = false;
  bool told_ = false;
};

} // namespace troupe::http::detail
