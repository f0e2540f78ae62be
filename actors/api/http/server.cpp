#include "actors/api/http/server.hpp"

#include "actors/api/http/connection.hpp"
#include "actors/kernel/asio/threads.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <malloc.h>

namespace troupe::http {
namespace {

using boost::asio::ip::tcp;
using detail::steady;

failure listening_failure(const listen_address& where, const boost::system::error_code& error) {
  return system_failure("listening on " + where.address + ":" + std::to_string(where.port),
                        error.value());
}

result<tcp::acceptor> listen_on(boost::asio::io_context& loop, const listen_address& where) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(where.address, error);
  if (error)
    return failure{.reason = reason::bad_request,
                   .message = "\"" + where.address + "\" is not an address to listen on"};
  tcp::acceptor out{loop};
  tcp::endpoint at{address, where.port};
  out.open(at.protocol(), error);
  if (!error)
    out.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error)
    out.bind(at, error);
  if (!error)
    out.listen(4096, error);
  if (error)
    return listening_failure(where, error);
  return out;
}

/// glibc keeps what closed connections held, and what handshakes of open ones needed (a third of
/// their memory); giving it back costs milliseconds, so it is done when many came or went, and not
/// often.
class memory_return {
public:
  void look(std::uint64_t open, steady::time_point now) {
    most_ = std::max(most_, open);
    least_ = std::min(least_, open);
    if ((most_ < open + worthwhile && open < least_ + worthwhile) || now < last_ + pause)
      return;
    malloc_trim(0);
    most_ = least_ = open;
    last_ = now;
  }

private:
  static constexpr std::uint64_t worthwhile = 256;
  static constexpr duration pause = 10s;
  std::uint64_t most_ = 0;
  std::uint64_t least_ = 0;
  steady::time_point last_;
};

/// How often deadlines are looked at: often enough for the shortest.
duration sweep_interval(const server_settings& s) {
  auto shortest = std::min(
    {s.handshake_deadline, s.header_deadline, s.body_deadline, s.idle_deadline, s.stall_deadline});
  return std::clamp<duration>(shortest / 4, 5ms, 1s);
}

} // namespace

struct server::state {
  struct part {
    detail::loop_part connections;
    boost::asio::steady_timer timer;
    explicit part(boost::asio::io_context& loop) : connections{loop, {}}, timer(loop) {}
  };

  detail::core core;
  io::threads threads; // outlives what lives on its loops
  std::deque<part> parts;
  std::deque<tcp::acceptor> acceptors;
  std::deque<boost::asio::steady_timer> pauses; // of acceptors that ran out of descriptors
  std::vector<std::uint16_t> ports;
  std::size_t turn = 0; // on the first loop
  memory_return memory; // on the first loop
  bool stopped = false;

  explicit state(std::size_t count) : threads(count) {}

  void accept(std::size_t index);
  void accepted(tcp::socket socket, part& on);
  void sweep(part& on);
  void each_part(const std::function<void(part&)>& work);
  bool wait_until_empty(duration grace);
};

void server::state::accept(std::size_t index) {
  auto& on = parts[turn++ % parts.size()];
  acceptors[index].async_accept(
    on.connections.loop,
    [this, index, &on](const boost::system::error_code& error, tcp::socket socket) {
      if (error == boost::asio::error::operation_aborted || core.stopping)
        return;
      if (error) { // most likely out of descriptors: some will be given back
        pauses[index].expires_after(50ms);
        pauses[index].async_wait([this, index](const boost::system::error_code& stopped_waiting) {
          if (!stopped_waiting && !core.stopping)
            accept(index);
        });
        return;
      }
      ++core.accepted;
      if (core.connections >= core.settings.max_connections) {
        ++core.refused;
      } else {
        ++core.connections;
        auto* loop = &on.connections.loop;
        boost::asio::post(*loop, [this, &on, held = std::move(socket)]() mutable {
          accepted(std::move(held), on);
        });
      }
      accept(index);
    });
}

void server::state::accepted(tcp::socket socket, part& on) {
  boost::system::error_code error;
  auto remote = socket.remote_endpoint(error);
  std::optional<pki::tls_context> tls;
  {
    std::lock_guard lock{core.mutex};
    tls = core.tls;
  }
  if (error || core.stopping) {
    --core.connections;
    return;
  }
  io::tune(socket);
  auto fd = socket.native_handle();
  io::channel over{std::move(socket),
                   tls ? pki::tls_session::accept(*tls, fd) : pki::tls_session{}};
  auto& all = on.connections.all;
  all.push_front(std::make_shared<detail::connection>(
    core, on.connections, std::move(over),
    peer{.address = remote.address().to_string(), .port = remote.port(), .who = {}}));
  all.front()->start(all.begin());
}

void server::state::sweep(part& on) {
  on.timer.expires_after(sweep_interval(core.settings));
  on.timer.async_wait([this, &on](const boost::system::error_code& error) {
    if (error)
      return;
    auto now = steady::now();
    for (auto at = on.connections.all.begin(); at != on.connections.all.end();) {
      auto one = *at++; // a sweep may remove it
      one->sweep(now);
    }
    if (&on == &parts.front())
      memory.look(core.connections, now);
    sweep(on);
  });
}

/// Runs `work` on every loop and waits for all.
void server::state::each_part(const std::function<void(part&)>& work) {
  std::vector<std::future<void>> all;
  for (auto& one : parts) {
    auto done = std::make_shared<std::promise<void>>();
    all.push_back(done->get_future());
    boost::asio::post(one.connections.loop, [&work, &one, done] {
      work(one);
      done->set_value();
    });
  }
  for (auto& one : all)
    one.wait();
}

bool server::state::wait_until_empty(duration grace) {
  auto until = steady::now() + grace;
  while (core.connections > 0 && steady::now() < until) {
    std::promise<void> tick; // paced by the loop's own clock
    boost::asio::steady_timer timer{parts.front().connections.loop, 10ms};
    timer.async_wait([&tick](const boost::system::error_code&) { tick.set_value(); });
    tick.get_future().wait();
  }
  return core.connections == 0;
}

server::server(std::unique_ptr<state> inner) : state_(std::move(inner)) {}

server::~server() { stop(0s); }

result<std::unique_ptr<server>> server::start(server_settings settings,
                                              std::optional<pki::tls_context> tls, handler answer) {
  auto made = std::make_unique<state>(std::max<std::size_t>(1, settings.threads));
  auto& s = *made;
  s.core.settings = std::move(settings);
  s.core.answer = std::move(answer);
  s.core.tls = std::move(tls);
  for (std::size_t i = 0; i < s.threads.size(); ++i)
    s.parts.emplace_back(s.threads.at(i));
  auto& first = s.threads.at(0);
  for (const auto& where : s.core.settings.listen) {
    OR_RETURN(auto bound, listen_on(first, where));
    s.ports.push_back(bound.local_endpoint().port());
    s.acceptors.push_back(std::move(bound));
    s.pauses.emplace_back(first);
  }
  boost::asio::post(first, [&s] {
    for (std::size_t i = 0; i < s.acceptors.size(); ++i)
      s.accept(i);
  });
  for (auto& one : s.parts)
    boost::asio::post(one.connections.loop, [&s, &one] { s.sweep(one); });
  return std::make_unique<server>(std::move(made));
}

std::uint16_t server::port(std::size_t index) const { return state_->ports.at(index); }

void server::reload(pki::tls_context tls) {
  std::lock_guard lock{state_->core.mutex};
  state_->core.tls = std::move(tls);
}

void server::stop(duration grace) {
  auto& s = *state_;
  if (std::exchange(s.stopped, true))
    return;
  s.core.stopping = true;
  auto over_all = [&s](auto&& work) {
    s.each_part([&work](state::part& one) {
      for (auto at = one.connections.all.begin(); at != one.connections.all.end();) {
        auto held = *at++;
        work(*held);
      }
    });
  };
  s.each_part([&s](state::part& one) {
    one.timer.cancel();
    if (&one == &s.parts.front()) {
      boost::system::error_code ignored;
      for (auto& acceptor : s.acceptors)
        acceptor.close(ignored);
      for (auto& pause : s.pauses)
        pause.cancel();
    }
  });
  over_all([](detail::connection& c) { c.wind_down(); });
  s.wait_until_empty(grace);
  over_all([](detail::connection& c) { c.break_off(); });
  s.each_part([](state::part&) {}); // what was posted before has run
  s.threads.stop();
}

server_counts server::counts() const {
  const auto& c = state_->core;
  return {.connections = c.connections,
          .accepted = c.accepted,
          .refused = c.refused,
          .requests = c.requests,
          .in_flight = c.in_flight,
          .failed_handshakes = c.failed_handshakes};
}

} // namespace troupe::http
