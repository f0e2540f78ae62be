// One connection of the HTTP server: a state machine on one event loop. Includes Asio.
#pragma once

#include "actors/api/http/outbox.hpp"
#include "actors/api/http/parser.hpp"
#include "actors/kernel/asio/conversation.hpp"

#include <atomic>
#include <list>
#include <memory>
#include <mutex>

namespace troupe::http::detail {

using steady = std::chrono::steady_clock;

/// What all connections of a server share.
struct core {
  server_settings settings;
  handler answer;
  std::mutex mutex;
  std::optional<pki::tls_context> tls; // under the mutex
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> failed_handshakes{0};
};

class connection;

/// The connections of one loop. Touched on that loop only.
struct loop_part {
  boost::asio::io_context& loop;
  std::list<std::shared_ptr<connection>> all;
};

class connection : public io::conversation {
public:
  connection(core& of, loop_part& on, io::channel over, peer from);

  void start(std::list<std::shared_ptr<connection>>::iterator self);
  /// Closes what waits for too long.
  void sweep(steady::time_point now);
  /// Closes when no request is being answered; breaks streams and tunnels off.
  void wind_down();
  void break_off() { finish(false); }

private:
  enum class phase : std::uint8_t {
    handshake,
    reading,   // for a request, or in the middle of one
    answering, // the handler has it
    sending,   // a whole answer
    streaming,
    tunnelling,
    lingering, // the answer is out and the client may still be sending: read until it stops
    closed,
  };

  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_sent(std::size_t credit) override;
  void on_end() override;
  void on_broken(const failure& why) override;
  bool wants_to_read() const override;

  void advance(parsed state);
  void dispatch();
  void refuse(parsed why);

  void flush();
  void begin_answer(response head, outbox::kind how);
  void begin_whole(response head);
  void pull();
  void end_answer();
  void linger();
  void finish(bool in_order);
  void leave_flight();
  void set_deadline(duration from_now) { deadline_ = steady::now() + from_now; }

  core& core_;
  loop_part& part_;
  peer peer_;
  std::list<std::shared_ptr<connection>>::iterator self_;
  request_parser parser_;
  body_source source_; // what follows in the answer under way
  std::shared_ptr<outbox> box_;
  inflow inflow_; // of a tunnel
  steady::time_point deadline_ = steady::time_point::max();
  steady::time_point stalled_ = steady::time_point::max();
  phase phase_ = phase::handshake;
  bool keep_alive_ = true;
  bool chunked_ = true; // of the answer under way
  bool head_only_ = false;
  bool gzip_wanted_ = false;
  bool in_flight_ = false;
  bool started_ = false; // the first bytes of a request are here
  bool header_seen_ = false;
  bool complete_ = false; // nothing comes after what is in out_ and source_
};

} // namespace troupe::http::detail
