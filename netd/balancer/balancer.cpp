#include "netd/balancer/balancer.hpp"

#include "netd/balancer/check.hpp"
#include "netd/balancer/choice.hpp"
#include "netd/balancer/relay.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <thread>

namespace troupe::balancer {
namespace {

using boost::asio::ip::tcp;
using steady = std::chrono::steady_clock;

} // namespace

struct balancer::state {
  /// A client for whom a backend is being found.
  struct arrival {
    tcp::socket client;
    tcp::socket backend;
    boost::asio::steady_timer timer;
    std::vector<backend_address> order;
    std::size_t at = 0;
    arrival(tcp::socket from, boost::asio::io_context& loop)
        : client(std::move(from)), backend(loop), timer(loop) {}
  };
  struct passing {
    backend_address to;
    std::shared_ptr<relay> by;
  };

  settings with;
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays{
    loop.get_executor()};
  tcp::acceptor acceptor{loop};
  boost::asio::steady_timer timer{loop}; // of acceptors without descriptors, and of draining
  std::optional<pki::tls_context> tls;
  std::vector<char> scratch;
  std::uint16_t port = 0;
  mutable std::mutex mutex;
  choice backends; // under the mutex
  std::function<void(const backend_status&)> on_change;
  std::list<std::shared_ptr<check>> checks;
  std::list<passing> open;
  std::map<std::pair<std::string, std::uint16_t>, steady::time_point> silent_since;
  std::thread runs;
  bool stopping = false;

  explicit state(settings s) : with(std::move(s)), scratch(with.buffer) {}

  result<void> listen();
  void accept();
  void find_backend(const std::shared_ptr<arrival>& who);
  void connected(const std::shared_ptr<arrival>& who);
  void watch_all();
  void checked(const backend_address& which, check::outcome how);
  void changed(const backend_address& which);
  void break_silent(const backend_address& which);
  void begin_stop();
  void wait_drained(steady::time_point until);
};

result<void> balancer::state::listen() {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(with.listen_address, error);
  if (error)
    return failure{.reason = reason::bad_request,
                   .message = "\"" + with.listen_address + "\" is not an address to listen on"};
  tcp::endpoint at{address, with.listen_port};
  acceptor.open(at.protocol(), error);
  if (!error)
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (int one = 1;
      !error && with.reuse_port
      && ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0)
    return system_failure("sharing the balancer's port", errno);
  if (!error)
    acceptor.bind(at, error);
  if (!error)
    acceptor.listen(4096, error);
  if (error)
    return system_failure("the balancer listening on " + with.listen_address + ":"
                            + std::to_string(with.listen_port),
                          error.value());
  port = acceptor.local_endpoint().port();
  return {};
}

void balancer::state::accept() {
  acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket from) {
    if (stopping || error == boost::asio::error::operation_aborted)
      return;
    if (error) { // most likely out of descriptors: some will be given back
      timer.expires_after(50ms);
      timer.async_wait([this](const boost::system::error_code& over) {
        if (!over && !stopping)
          accept();
      });
      return;
    }
    if (open.size() < with.max_connections) {
      auto who = std::make_shared<arrival>(std::move(from), loop);
      {
        std::lock_guard lock{mutex};
        who->order = backends.order();
      }
      find_backend(who);
    }
    accept();
  });
}

/// Tries one backend after the other for the same client.
void balancer::state::find_backend(const std::shared_ptr<arrival>& who) {
  if (who->at >= who->order.size() || stopping)
    return; // nobody is there: the client's connection closes
  const auto& to = who->order[who->at];
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(to.address, error);
  who->backend = tcp::socket{loop};
  who->timer.expires_after(with.connect_deadline);
  who->timer.async_wait([who](const boost::system::error_code& over) {
    boost::system::error_code ignored;
    if (!over)
      who->backend.close(ignored);
  });
  who->backend.async_connect({address, to.port},
                             [this, who](const boost::system::error_code& refused) {
                               who->timer.cancel();
                               if (!refused && who->backend.is_open()) {
                                 connected(who);
                                 return;
                               }
                               bool news = false;
                               {
                                 std::lock_guard lock{mutex};
                                 news = backends.refused(who->order[who->at]);
                               }
                               if (news)
                                 changed(who->order[who->at]);
                               ++who->at;
                               find_backend(who);
                             });
}

void balancer::state::connected(const std::shared_ptr<arrival>& who) {
  auto to = who->order[who->at];
  {
    std::lock_guard lock{mutex};
    backends.opened(to);
  }
  auto at = open.insert(open.end(), passing{to, nullptr});
  at->by =
    std::make_shared<relay>(std::move(who->client), std::move(who->backend), scratch, [this, at] {
      std::unique_lock lock{mutex};
      backends.closed(at->to);
      lock.unlock();
      open.erase(at);
    });
  auto by = at->by; // it may end within start()
  by->start();
}

/// One check per backend; those of backends that left stop.
void balancer::state::watch_all() {
  std::vector<backend_address> wanted;
  {
    std::lock_guard lock{mutex};
    for (const auto& b : backends.all())
      wanted.push_back(b.where);
  }
  auto is_wanted = [&](const std::shared_ptr<check>& c) {
    return std::find(wanted.begin(), wanted.end(), c->where()) != wanted.end();
  };
  for (auto at = checks.begin(); at != checks.end();) {
    if (is_wanted(*at)) {
      std::erase(wanted, (*at)->where());
      ++at;
    } else {
      (*at)->stop();
      at = checks.erase(at);
    }
  }
  for (const auto& where : wanted) {
    checks.push_back(std::make_shared<check>(
      loop, where, with, tls, [this, where](check::outcome how) { checked(where, how); }));
    checks.back()->start();
  }
}

void balancer::state::checked(const backend_address& which, check::outcome how) {
  std::unique_lock lock{mutex};
  auto news = backends.checked(which, how == check::outcome::ready);
  lock.unlock();
  if (news)
    changed(which);
  std::pair key{which.address, which.port};
  if (how != check::outcome::silent) {
    silent_since.erase(key);
    return;
  }
  auto since = silent_since.emplace(key, steady::now()).first->second;
  if (steady::now() - since >= with.break_after)
    break_silent(which);
}

/// A master that is frozen or cut off keeps its connections open for ever; their clients are better
/// off elsewhere.
void balancer::state::break_silent(const backend_address& which) {
  for (auto at = open.begin(); at != open.end();) {
    auto one = at++;
    if (one->to == which)
      if (auto by = one->by)
        by->close();
  }
}

void balancer::state::changed(const backend_address& which) {
  std::function<void(const backend_status&)> tell;
  backend_status now;
  {
    std::lock_guard lock{mutex};
    tell = on_change;
    for (const auto& b : backends.all())
      if (b.where == which)
        now = {b.where, b.state == health::up, b.connections};
  }
  if (tell)
    tell(now);
}

void balancer::state::begin_stop() {
  stopping = true;
  boost::system::error_code ignored;
  acceptor.close(ignored);
  timer.cancel();
  for (auto& c : checks)
    c->stop();
  checks.clear();
  wait_drained(steady::now() + with.drain);
}

void balancer::state::wait_drained(steady::time_point until) {
  if (open.empty() || steady::now() >= until) {
    while (!open.empty()) {
      auto by = open.front().by;
      by->close();
    }
    loop.stop();
    return;
  }
  timer.expires_after(20ms);
  timer.async_wait([this, until](const boost::system::error_code&) { wait_drained(until); });
}

balancer::balancer(std::unique_ptr<state> inner) : state_(std::move(inner)) {}

balancer::~balancer() {
  state_->with.drain = 0s;
  stop();
}

result<std::unique_ptr<balancer>> balancer::start(settings with) {
  auto s = std::make_unique<state>(std::move(with));
  if (!s->with.ca_pem.empty()) {
    OR_RETURN(s->tls, pki::tls_context::client({.ca_pem = s->with.ca_pem, .alpn = {"http/1.1"}}));
  }
  CHECK_RETURN(s->listen());
  s->backends.set(s->with.backends);
  boost::asio::post(s->loop, [&s = *s] {
    s.watch_all();
    s.accept();
  });
  s->runs = std::thread{[&s = *s] { s.loop.run(); }};
  return std::make_unique<balancer>(std::move(s));
}

std::uint16_t balancer::port() const { return state_->port; }

std::vector<backend_status> balancer::backends() const {
  std::lock_guard lock{state_->mutex};
  std::vector<backend_status> out;
  for (const auto& b : state_->backends.all())
    out.push_back({b.where, b.state == health::up, b.connections});
  return out;
}

void balancer::set_backends(std::vector<backend_address> all) {
  {
    std::lock_guard lock{state_->mutex};
    state_->backends.set(all);
  }
  boost::asio::post(state_->loop, [&s = *state_] { s.watch_all(); });
}

void balancer::on_change(std::function<void(const backend_status&)> then) {
  std::lock_guard lock{state_->mutex};
  state_->on_change = std::move(then);
}

void balancer::stop() {
  if (!state_->runs.joinable())
    return;
  boost::asio::post(state_->loop, [&s = *state_] { s.begin_stop(); });
  state_->runs.join();
}

} // namespace troupe::balancer
