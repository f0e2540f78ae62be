#include "netd/balancer/check.hpp"

#include <array>
#include <cctype>
#include <charconv>

namespace troupe::balancer {
namespace {

constexpr std::size_t max_answer = 64U << 10;

std::size_t content_length(std::string head) {
  for (auto& c : head)
    c = static_cast<char>(std::tolower(c));
  constexpr std::string_view name = "\r\ncontent-length:";
  auto at = head.find(name);
  if (at == std::string::npos)
    return 0;
  at = head.find_first_not_of(' ', at + name.size());
  std::size_t out = 0;
  if (at != std::string::npos)
    std::from_chars(head.data() + at, head.data() + head.size(), out);
  return out;
}

} // namespace

int answer_code(std::string_view heard) {
  constexpr std::string_view version = "HTTP/1.1 ";
  auto common = heard.substr(0, version.size());
  if (!version.starts_with(common))
    return -1;
  auto end = heard.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return heard.size() > max_answer ? -1 : 0;
  int code = -1;
  std::from_chars(heard.data() + version.size(), heard.data() + end, code);
  auto whole = end + 4 + content_length(std::string{heard.substr(0, end + 2)});
  if (whole > max_answer)
    return -1;
  return heard.size() >= whole ? code : 0;
}

check::check(boost::asio::io_context& loop, backend_address where, const settings& with,
             std::optional<pki::tls_context> tls, told then)
    : where_(std::move(where))
    , with_(with)
    , tls_(std::move(tls))
    , then_(std::move(then))
    , socket_(loop)
    , timer_(loop)
    , deadline_(loop) {}

void check::stop() {
  stopped_ = true;
  timer_.cancel();
  drop();
  then_ = nullptr;
}

void check::drop() {
  ++connection_;
  deadline_.cancel();
  session_ = {};
  boost::system::error_code ignored;
  socket_.close(ignored);
  phase_ = phase::none;
  waiting_ = false;
  heard_.clear();
}

/// One look, and the next one an interval later.
void check::round() {
  if (stopped_)
    return;
  timer_.expires_after(with_.check_interval);
  timer_.async_wait([me = shared_from_this()](const boost::system::error_code& error) {
    if (!error)
      me->round();
  });
  if (phase_ != phase::none && phase_ != phase::idle)
    return; // the last look is under way, with a deadline of its own
  deadline_.expires_after(with_.check_deadline);
  deadline_.async_wait([me = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !me->stopped_)
      me->lost();
  });
  if (phase_ == phase::none)
    connect();
  else
    ask();
}

void check::connect() {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(where_.address, error);
  if (error) {
    lost();
    return;
  }
  phase_ = phase::connecting;
  socket_.async_connect({address, where_.port}, [me = shared_from_this(), of = connection_](
                                                  const boost::system::error_code& refused) {
    if (me->stopped_ || of != me->connection_)
      return;
    if (refused) {
      me->lost();
      return;
    }
    boost::system::error_code ignored;
    me->socket_.native_non_blocking(true, ignored);
    if (!me->tls_) {
      me->then_(outcome::ready);
      me->drop();
      return;
    }
    me->session_ =
      pki::tls_session::connect(*me->tls_, me->socket_.native_handle(), me->where_.address);
    me->phase_ = phase::handshake;
    me->step();
  });
}

void check::step() {
  if (phase_ == phase::handshake)
    shake_hands();
  else
    read();
}

void check::shake_hands() {
  switch (session_.handshake()) {
  case pki::tls_step::done: ask(); return;
  case pki::tls_step::want_read: wait(false); return;
  case pki::tls_step::want_write: wait(true); return;
  default: lost(); return;
  }
}

void check::ask() {
  phase_ = phase::asking;
  auto asked = "GET " + with_.check_path + " HTTP/1.1\r\nHost: " + where_.address + "\r\n\r\n";
  if (session_.write(asked).bytes != asked.size()) { // an idle connection takes a hundred bytes
    lost();
    return;
  }
  read();
}

void check::read() {
  std::array<char, 4096> buffer;
  while (true) {
    auto got = session_.read(buffer);
    if (got.step == pki::tls_step::want_read || got.step == pki::tls_step::want_write) {
      wait(got.step == pki::tls_step::want_write);
      return;
    }
    if (got.step != pki::tls_step::done) {
      lost(); // between rounds too: the backend is gone
      return;
    }
    heard_.append(buffer.data(), got.bytes);
    if (answer_code(heard_) != 0)
      answered();
    if (phase_ == phase::none)
      return;
  }
}

void check::wait(bool for_room) {
  if (std::exchange(waiting_, true))
    return;
  socket_.async_wait(
    for_room ? boost::asio::ip::tcp::socket::wait_write : boost::asio::ip::tcp::socket::wait_read,
    [me = shared_from_this(), of = connection_](const boost::system::error_code& error) {
      if (error || me->stopped_ || of != me->connection_)
        return;
      me->waiting_ = false;
      me->step();
    });
}

void check::answered() {
  auto code = answer_code(heard_);
  heard_.clear();
  if (phase_ != phase::asking || code < 0) {
    lost();
    return;
  }
  deadline_.cancel();
  phase_ = phase::idle;
  then_(code == 200 ? outcome::ready : outcome::not_ready);
}

void check::lost() {
  drop();
  if (then_)
    then_(outcome::silent);
}

} // namespace troupe::balancer
