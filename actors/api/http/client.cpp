#include "actors/api/http/client.hpp"

#include "actors/api/http/client_connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>

namespace troupe::http {

using boost::asio::ip::tcp;

namespace detail {

/// A connection that does not stand yet, and the call that it is for.
struct pool::dialling {
  explicit dialling(boost::asio::io_context& on) : socket(on), names(on), timer(on) {}
  tcp::socket socket;
  tcp::resolver names;
  boost::asio::steady_timer timer;
  std::shared_ptr<call> for_call;
};

void call::finish(result<void> how) {
  if (std::exchange(over, true))
    return;
  timer.cancel();
  auto told = std::exchange(follow, {}); // what the callbacks hold goes now
  auto upgraded = std::exchange(on_upgraded, nullptr);
  if (told.on_end)
    told.on_end(std::move(how));
}

pool::pool(client_settings with, std::optional<pki::tls_context> tls, boost::asio::io_context& on)
    : settings_(std::move(with)), tls_(std::move(tls)), loop_(on) {
  if (settings_.server_name.empty())
    settings_.server_name = settings_.host;
}

void pool::start(const std::shared_ptr<call>& one, duration deadline) {
  if (one->over)
    return;
  if (closed_) {
    one->finish(failure{.reason = reason::unavailable, .message = "the client is closed"});
    return;
  }
  one->timer.expires_after(deadline);
  one->timer.async_wait([me = shared_from_this(), one](const boost::system::error_code& error) {
    if (error || one->over)
      return;
    auto sent = !one->on.expired();
    me->cancel(one, {.reason = sent ? reason::timeout : reason::unavailable,
                     .message = "no answer of " + me->settings_.host + " within the deadline"});
  });
  place(one);
}

void pool::place(const std::shared_ptr<call>& one) {
  if (!idle_.empty()) {
    auto on = std::move(idle_.back());
    idle_.pop_back();
    busy_.push_back(on);
    on->run(one);
  } else if (open_ < settings_.max_connections) {
    dial(one);
  } else if (waiting_.size() < settings_.max_waiting) {
    waiting_.push_back(one);
  } else {
    one->finish(failure{.reason = reason::too_many_requests,
                        .message = "too many requests wait for " + settings_.host});
  }
}

void pool::dial(const std::shared_ptr<call>& one) {
  ++open_;
  auto by = std::make_shared<dialling>(loop_);
  by->for_call = one;
  dialling_.push_back(by);
  by->timer.expires_after(settings_.connect_deadline);
  by->timer.async_wait([by](const boost::system::error_code& error) {
    if (error)
      return;
    boost::system::error_code ignored;
    by->names.cancel();
    by->socket.close(ignored);
  });
  boost::system::error_code not_an_address;
  auto address = boost::asio::ip::make_address(settings_.host, not_an_address);
  if (!not_an_address) {
    by->socket.async_connect({address, settings_.port},
                             [me = shared_from_this(), by](const boost::system::error_code& error) {
                               me->connected(by, error);
                             });
    return;
  }
  by->names.async_resolve(settings_.host, std::to_string(settings_.port),
                          [me = shared_from_this(), by](const boost::system::error_code& error,
                                                        const tcp::resolver::results_type& found) {
                            if (error) {
                              me->connected(by, error);
                              return;
                            }
                            boost::asio::async_connect(
                              by->socket, found,
                              [me, by](const boost::system::error_code& refused,
                                       const tcp::endpoint&) { me->connected(by, refused); });
                          });
}

void pool::connected(const std::shared_ptr<dialling>& by, const boost::system::error_code& error) {
  by->timer.cancel();
  dialling_.remove(by);
  auto one = std::exchange(by->for_call, nullptr);
  if (error || closed_ || !by->socket.is_open()) {
    --open_;
    auto text = closed_ ? std::string{"the client is closed"} : error.message();
    one->finish(failure{.reason = reason::unavailable,
                        .message = "connecting to " + settings_.host + ":"
                                   + std::to_string(settings_.port) + ": " + text});
    serve_waiting();
    return;
  }
  io::tune(by->socket);
  auto fd = by->socket.native_handle();
  io::channel over{std::move(by->socket),
                   tls_ ? pki::tls_session::connect(*tls_, fd, settings_.server_name)
                        : pki::tls_session{}};
  auto made = std::make_shared<client_connection>(shared_from_this(), std::move(over));
  if (one->over) { // given up meanwhile: another call may want it
    idle_.push_back(made);
    made->rest(settings_.idle_deadline);
    serve_waiting();
    return;
  }
  busy_.push_back(made);
  made->run(one);
}

void pool::again(const std::shared_ptr<call>& one) {
  one->retried = true;
  one->on.reset();
  if (closed_)
    one->finish(failure{.reason = reason::unavailable, .message = "the client is closed"});
  else if (open_ < settings_.max_connections)
    dial(one); // on a new connection: the other unused ones may be as stale
  else
    place(one);
}

void pool::cancel(const std::shared_ptr<call>& one, failure why) {
  if (auto on = one->on.lock()) {
    one->retried = true;
    on->break_off(why);
  }
  std::erase(waiting_, one);
  one->finish(std::move(why));
}

void pool::give_back(const std::shared_ptr<client_connection>& one) {
  busy_.remove(one);
  if (closed_)
    return;
  idle_.push_back(one);
  one->rest(settings_.idle_deadline);
  serve_waiting();
}

void pool::lost(const std::shared_ptr<client_connection>& one) {
  --open_;
  busy_.remove(one);
  std::erase(idle_, one);
  serve_waiting();
}

void pool::serve_waiting() {
  while (!closed_ && !waiting_.empty() && (!idle_.empty() || open_ < settings_.max_connections)) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    if (!next->over)
      place(next);
  }
}

void pool::close() {
  closed_ = true;
  failure why{.reason = reason::unavailable, .message = "the client is closed"};
  for (auto& one : std::exchange(waiting_, {}))
    one->finish(why);
  boost::system::error_code ignored;
  for (auto& by : dialling_) {
    by->names.cancel();
    by->socket.close(ignored);
    by->timer.cancel();
  }
  why.reason = reason::timeout;
  for (auto& one : std::exchange(idle_, {}))
    one->break_off(why);
  for (auto busy = busy_; auto& one : busy)
    one->break_off(why);
}

} // namespace detail

namespace {

std::shared_ptr<detail::call> make_call(const std::shared_ptr<detail::pool>& in, request what) {
  auto out = std::make_shared<detail::call>(in->loop(), in);
  out->what = std::move(what);
  return out;
}

ongoing begin(const std::shared_ptr<detail::pool>& in, std::shared_ptr<detail::call> one,
              duration deadline) {
  boost::asio::post(in->loop(), [in, one, deadline] { in->start(one, deadline); });
  return ongoing{std::move(one)};
}

/// A whole answer in the making.
struct collected {
  response answer;
  std::string body;
};

listener collect(std::size_t limit, client::done then) {
  auto so_far = std::make_shared<collected>();
  auto tell = std::make_shared<client::done>(std::move(then));
  listener out;
  out.on_head = [so_far](int code, const fields& with) {
    so_far->answer.code = code;
    so_far->answer.fields = with;
  };
  out.on_data = [so_far, limit, tell](std::string_view bytes) {
    so_far->body.append(bytes);
    if (so_far->body.size() <= limit)
      return true;
    (*tell)(failure{.reason = reason::too_large, .message = "the answer is too long"});
    return false;
  };
  out.on_end = [so_far, tell](result<void> how) {
    if (!how) {
      (*tell)(std::move(how).error());
      return;
    }
    so_far->answer.body = share(std::move(so_far->body));
    (*tell)(std::move(so_far->answer));
  };
  return out;
}

} // namespace

void ongoing::cancel() const {
  if (!of_)
    return;
  if (auto in = of_->home.lock())
    boost::asio::post(of_->loop, [in, one = of_] {
      in->cancel(one, {.reason = reason::timeout, .message = "the request was given up"});
    });
}

void ongoing::pause() const {
  if (auto in = of_ ? of_->home.lock() : nullptr)
    boost::asio::dispatch(of_->loop, [in, one = of_] { one->paused = true; });
}

void ongoing::resume() const {
  if (auto in = of_ ? of_->home.lock() : nullptr)
    boost::asio::post(of_->loop, [in, one = of_] {
      one->paused = false;
      if (auto on = one->on.lock())
        on->resume();
    });
}

client::client(client_settings settings, std::optional<pki::tls_context> tls,
               std::shared_ptr<io::threads> on)
    : threads_(std::move(on))
    , pool_(std::make_shared<detail::pool>(std::move(settings), std::move(tls), threads_->next())) {
}

client::client(client_settings settings, std::optional<pki::tls_context> tls)
    : client(std::move(settings), std::move(tls), std::make_shared<io::threads>(1)) {}

client::~client() {
  std::promise<void> closed;
  boost::asio::post(pool_->loop(), [&closed, in = pool_] {
    in->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

ongoing client::send(request what, duration deadline, done then) {
  auto one = make_call(pool_, std::move(what));
  one->whole = true;
  one->follow = collect(pool_->settings().max_answer, std::move(then));
  return begin(pool_, std::move(one), deadline);
}

result<response> client::ask(request what, duration deadline) {
  auto answer = std::make_shared<std::promise<result<response>>>();
  auto coming = answer->get_future();
  send(std::move(what), deadline,
       [answer](result<response> got) { answer->set_value(std::move(got)); });
  return coming.get();
}

ongoing client::open(request what, duration deadline, listener follow) {
  auto one = make_call(pool_, std::move(what));
  one->follow = std::move(follow);
  return begin(pool_, std::move(one), deadline);
}

ongoing client::upgrade(request what, duration deadline,
                        std::function<void(result<upgraded>)> then) {
  auto one = make_call(pool_, std::move(what));
  one->on_upgraded = then;
  one->whole = true;
  one->follow = collect(pool_->settings().max_answer, [then](result<response> refused) {
    if (refused)
      then(upgraded{std::move(*refused), {}});
    else
      then(std::move(refused).error());
  });
  return begin(pool_, std::move(one), deadline);
}

std::size_t client::open_connections() const { return pool_->open(); }

} // namespace troupe::http
