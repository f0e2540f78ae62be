// One link over TCP: its two lanes, what waits to be sent, what is not consumed yet. Includes Asio.
#pragma once

#include "actors/kernel/asio/conversation.hpp"
#include "actors/kernel/asio/frames.hpp"
#include "actors/kernel/asio/transport.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe::kernel {

class lane_connection;
class link;

/// What links and lanes need of their transport. Everything on its loop.
class link_owner {
public:
  virtual ~link_owner() = default;
  /// A lane that was accepted has said which link it belongs to.
  virtual void greeted(const std::shared_ptr<lane_connection>& by, const greeting& said,
                       const identity& peer) = 0;
  virtual void up(link& which) = 0;
  virtual void down(link& which, const failure& why) = 0;
  /// A lane went, with its link or before it had one.
  virtual void dropped(const std::shared_ptr<lane_connection>& which) = 0;
  virtual link_listener& events() = 0;
  virtual const asio_transport_settings& settings() const = 0;
};

/// Frames of one lane on their way from any thread to the loop.
class send_queue {
public:
  /// True in `wake` when the loop must be told.
  link_transport::sent push(std::string&& frame, std::size_t limit, bool& wake);
  std::vector<std::string> take();
  /// So many bytes left. True when the sender was told full and there is room again.
  bool gave(std::size_t bytes, std::size_t limit);

private:
  std::mutex mutex_;
  std::vector<std::string> frames_;
  std::size_t queued_ = 0;
  bool woken_ = false;
  bool told_full_ = false;
};

/// A link. `send` and `consumed` from any thread, the rest on the loop.
class link : public std::enable_shared_from_this<link> {
public:
  link(link_id id, link_owner& owner, boost::asio::io_context& loop, greeting::token_type token,
       bool dialled);

  link_id id() const { return id_; }
  const greeting::token_type& token() const { return token_; }
  const identity& peer() const { return peer_; }

  link_transport::sent send(lane on, std::string&& frame);
  void consumed(lane on, std::size_t bytes);

  /// Its end is reported also if it never was up: somebody holds its id.
  bool is_dialled() const { return dialled_; }
  bool is_up() const { return up_; }
  bool has(lane on) const { return lanes_[static_cast<std::size_t>(on)] != nullptr; }
  void attach(lane on, const std::shared_ptr<lane_connection>& by);
  /// A lane has proved whose it is and greeted; true when both have.
  bool ready(const identity& peer);
  /// Both lanes stand.
  void rise();
  /// Of an accepted link: tells the dialler that both lanes are here.
  void answer_greetings();
  /// Hands what was accepted so far to the lanes.
  void flush_all();
  void end(const failure& why);

  // from lanes
  void deliver(lane on, std::string frame);
  void left(lane on, std::size_t bytes);
  bool may_read(lane on) const;
  /// Takes what has arrived on the other lane.
  void read_out(lane except);

private:
  struct side {
    send_queue queue;
    std::atomic<std::size_t> unconsumed{0};
  };
  side& of(lane on) { return sides_[static_cast<std::size_t>(on)]; }
  const side& of(lane on) const { return sides_[static_cast<std::size_t>(on)]; }
  void flush(lane on);

  const link_id id_;
  link_owner& owner_;
  boost::asio::io_context& loop_;
  const greeting::token_type token_;
  const bool dialled_;
  int ready_ = 0;
  identity peer_;
  std::array<side, 2> sides_;
  std::array<std::shared_ptr<lane_connection>, 2> lanes_;
  bool up_ = false;
  bool over_ = false;
};

/// One connection of a link, or of one that is to be.
class lane_connection : public io::conversation {
public:
  /// Accepted: waits for a greeting.
  lane_connection(link_owner& owner, boost::asio::io_context& loop, io::channel over);
  /// Dialled: greets, and waits for the same to come back.
  lane_connection(link_owner& owner, boost::asio::io_context& loop, io::channel over,
                  const std::shared_ptr<link>& of, lane on, const identity& expected);

  /// Ends by itself when it is not part of a standing link in time.
  void start(duration deadline);
  /// Accepted, and known now as this lane of a link.
  void adopt(const std::shared_ptr<link>& by, lane on);
  void answer_greeting();
  /// The link is up: delivers what came early and reads on.
  void rise();
  void send(std::vector<std::string> frames);
  void resume() { look(); }
  void drop();

private:
  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_sent(std::size_t credit) override;
  void on_end() override;
  void on_broken(const failure& why) override;
  bool wants_to_read() const override;
  void take_frames(std::string_view bytes);
  void greet_back(std::string_view& bytes);
  void fail(failure why);

  link_owner& owner_;
  std::shared_ptr<link> link_; // of a dialled lane from the start; none: not greeted yet
  lane lane_ = lane::control;
  std::optional<identity> expected_; // of a dialled lane
  identity peer_;
  std::string early_; // of a greeting; or frames that came before the link was complete
  bool greeted_ = false;
  bool leaving_ = false;
  boost::asio::steady_timer timer_;
  frame_reader reader_;
};

} // namespace troupe::kernel
