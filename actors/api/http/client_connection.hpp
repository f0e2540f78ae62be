// The client's side of a connection, and a request on its way through it. Includes Asio.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/api/http/outbox.hpp"
#include "actors/api/http/parser.hpp"
#include "actors/kernel/asio/conversation.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <optional>

namespace troupe::http::detail {

class client_connection;
class pool;

/// A request with its callbacks. On the pool's loop, but for `home` and `loop`, which never change.
class call : public std::enable_shared_from_this<call> {
public:
  call(boost::asio::io_context& lives_on, std::weak_ptr<pool> of)
      : loop(lives_on), home(std::move(of)), timer(lives_on) {}

  boost::asio::io_context& loop;
  std::weak_ptr<pool> home;
  request what;
  listener follow;
  std::function<void(result<client::upgraded>)> on_upgraded; // if set, an upgrade is asked for
  bool whole = false;                                        // the deadline is for the whole answer
  bool paused = false;
  bool retried = false;
  bool head_told = false;
  bool over = false;
  boost::asio::steady_timer timer;
  std::weak_ptr<client_connection> on;

  /// Tells the end, once.
  void finish(result<void> how);
};

/// The connections of a client and the calls that wait for one. On one loop, but for open().
class pool : public std::enable_shared_from_this<pool> {
public:
  pool(client_settings with, std::optional<pki::tls_context> tls, boost::asio::io_context& on);

  boost::asio::io_context& loop() const { return loop_; }
  const client_settings& settings() const { return settings_; }
  void start(const std::shared_ptr<call>& one, duration deadline);
  void cancel(const std::shared_ptr<call>& one, failure why);
  void close();
  std::size_t open() const { return open_; }

  // from connections
  void give_back(const std::shared_ptr<client_connection>& one);
  void lost(const std::shared_ptr<client_connection>& one);
  void again(const std::shared_ptr<call>& one);

private:
  struct dialling;
  void place(const std::shared_ptr<call>& one);
  void dial(const std::shared_ptr<call>& one);
  void connected(const std::shared_ptr<dialling>& by, const boost::system::error_code& error);
  void serve_waiting();

  client_settings settings_;
  std::optional<pki::tls_context> tls_;
  boost::asio::io_context& loop_;
  std::vector<std::shared_ptr<client_connection>> idle_;
  std::list<std::shared_ptr<client_connection>> busy_;
  std::list<std::shared_ptr<dialling>> dialling_;
  std::deque<std::shared_ptr<call>> waiting_;
  std::atomic<std::size_t> open_{0};
  bool closed_ = false;
};

class client_connection : public io::conversation {
public:
  client_connection(std::shared_ptr<pool> of, io::channel over);

  void run(const std::shared_ptr<call>& one);
  /// Breaks off; the call under way ends with `why`.
  void break_off(const failure& why);
  /// Its caller reads on.
  void resume() { pump(); }
  /// Closed when it is not used for so long.
  void rest(duration idle);
  bool has_tunnel() const { return box_ != nullptr; }

private:
  void on_open() override {}
  void on_bytes(std::string_view bytes) override;
  void on_sent(std::size_t credit) override;
  void on_end() override;
  void on_broken(const failure& why) override;
  bool wants_to_read() const override;

  void take_answer(std::string_view bytes);
  bool tell_head();
  void begin_tunnel();
  void flush();
  void complete();
  void gone(const failure& why);

  std::shared_ptr<pool> pool_;
  std::shared_ptr<call> call_;
  std::optional<response_parser> parser_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<outbox> box_;
  inflow inflow_;
  bool heard_ = false; // something of the answer under way
  bool used_ = false;  // for an earlier call
  bool last_ = false;  // of a tunnel: closes when all is sent
};

} // namespace troupe::http::detail
