// What every connection does whatever is spoken on it: shakes hands, sends what is queued, reads
// when the speaker wants to, waits when nothing moves. HTTP and links derive their protocols from
// it.
#pragma once

#include "actors/kernel/asio/channel.hpp"
#include "actors/kernel/asio/outgoing.hpp"

#include <memory>

namespace troupe::io {

/// Lives on one loop; kept alive by whoever lists it and by its waits. No call comes after shut().
class conversation : public std::enable_shared_from_this<conversation> {
public:
  virtual ~conversation() = default;
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

protected:
  conversation(boost::asio::io_context& loop, channel over);

  /// Moves what can be moved, then waits. Call it after adding to out() or wanting to read again.
  void pump();
  /// The same, and looks for bytes that the loop has not told of yet.
  void look();
  outgoing& out() { return out_; }
  channel& over() { return channel_; }
  boost::asio::io_context& loop() const { return loop_; }
  bool is_open() const { return open_; }
  bool is_shut() const { return shut_; }
  void shut();
  template <class Self> std::shared_ptr<Self> self() {
    return std::static_pointer_cast<Self>(shared_from_this());
  }

  /// The handshake is done.
  virtual void on_open() = 0;
  virtual void on_bytes(std::string_view bytes) = 0;
  /// Some of out() has left; `credit` as outgoing::consume() says.
  virtual void on_sent(std::size_t credit) = 0;
  /// The peer will send nothing more.
  virtual void on_end() = 0;
  /// The connection or its handshake broke; must shut().
  virtual void on_broken(const failure& why) = 0;
  virtual bool wants_to_read() const = 0;

private:
  bool shake_hands();
  bool write_some();
  bool read_some();
  void arm();

  boost::asio::io_context& loop_;
  channel channel_;
  outgoing out_;
  step waits_for_ = step::done; // of the handshake
  bool open_ = false;
  bool shut_ = false;
  bool ended_ = false; // by the peer
  bool pumping_ = false;
  bool write_blocked_ = false;
  bool read_blocked_ = false;
  bool drained_ = false; // nothing was there when it was read last, and the loop tells of more
  bool read_armed_ = false;
  bool write_armed_ = false;
};

} // namespace troupe::io
