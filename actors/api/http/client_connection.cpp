#include "actors/api/http/client_connection.hpp"

#include "actors/api/http/head.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace troupe::http::detail {
namespace {

constexpr std::size_t tunnel_buffer = 1U << 20;

bool may_repeat(const request& what) {
  return what.method == "GET" || what.method == "HEAD" || what.method == "OPTIONS";
}

bool has_tls_port(const client_settings& with) { return with.port == 443; }

std::string encode(const request& what, const client_settings& with) {
  auto out = what;
  if (!out.fields.has("Host")) {
    auto host = with.host.find(':') == std::string::npos ? with.host : "[" + with.host + "]";
    out.fields.add("Host", has_tls_port(with) ? host : host + ":" + std::to_string(with.port));
  }
  auto sends =
    !out.body.empty() || out.method == "POST" || out.method == "PUT" || out.method == "PATCH";
  if (sends && !out.fields.has("Content-Length"))
    out.fields.add("Content-Length", std::to_string(out.body.size()));
  return encode_request_head(out);
}

} // namespace

client_connection::client_connection(std::shared_ptr<pool> of, io::channel socket)
    : conversation(of->loop(), std::move(socket)), pool_(std::move(of)), timer_(pool_->loop()) {}

void client_connection::run(const std::shared_ptr<call>& one) {
  timer_.cancel();
  call_ = one;
  one->on = self<client_connection>();
  heard_ = false;
  parser_.emplace(one->what.method == "HEAD");
  out().add(encode(one->what, pool_->settings()));
  out().add(one->what.body);
  pump();
}

void client_connection::rest(duration idle) {
  used_ = true;
  timer_.expires_after(idle);
  timer_.async_wait([me = self<client_connection>()](const boost::system::error_code& error) {
    if (!error && !me->call_)
      me->gone({.reason = reason::unavailable, .message = "not used any more"});
  });
  pump();
}

void client_connection::break_off(const failure& why) { gone(why); }

bool client_connection::wants_to_read() const {
  if (box_)
    return inflow_.wants_more();
  return !call_ || !call_->paused; // unused ones read too: to see the server's end
}

void client_connection::on_bytes(std::string_view bytes) {
  if (box_)
    inflow_.deliver(bytes);
  else if (call_)
    take_answer(bytes);
  else
    gone({.reason = reason::unavailable, .message = "the server said something unasked"});
}

void client_connection::take_answer(std::string_view bytes) {
  heard_ = true;
  auto state = parser_->feed(bytes);
  if (state != parsed::need_more && state != parsed::complete) {
    gone({.reason = reason::timeout, .message = "the answer is not HTTP"});
    return;
  }
  if (parser_->header_done() && parser_->code() / 100 == 1 && parser_->code() != 101) {
    auto rest = parser_->take_rest(); // an interim answer; the real one follows
    parser_.emplace(call_->what.method == "HEAD");
    if (!rest.empty())
      take_answer(rest);
    return;
  }
  auto one = call_;
  if (parser_->header_done() && !one->head_told && !tell_head())
    return;
  if (auto body = parser_->take_body();
      !body.empty() && one->follow.on_data && !one->follow.on_data(body) && !one->over) {
    one->over = true; // given up by its caller, who wants to hear no more
    gone({.reason = reason::timeout, .message = "given up"});
    return;
  }
  if (state == parsed::complete && call_)
    complete();
}

/// False when the connection is a tunnel or gone now.
bool client_connection::tell_head() {
  auto one = call_;
  one->head_told = true;
  if (!one->whole)
    one->timer.cancel();
  if (parser_->code() == 101) {
    begin_tunnel();
    return false;
  }
  if (one->follow.on_head)
    one->follow.on_head(parser_->code(), parser_->head());
  return call_ != nullptr;
}

void client_connection::begin_tunnel() {
  auto one = std::exchange(call_, nullptr);
  if (!one->on_upgraded) {
    call_ = one;
    gone({.reason = reason::timeout, .message = "the server changed the protocol unasked"});
    return;
  }
  box_ = std::make_shared<outbox>(tunnel_buffer,
                                  [&on = loop(), weak = std::weak_ptr{self<client_connection>()}] {
                                    boost::asio::post(on, [weak] {
                                      if (auto me = weak.lock())
                                        me->flush();
                                    });
                                  });
  response head{.code = 101, .fields = parser_->head(), .body = {}, .source = {}};
  auto in = box_->open_tunnel({.code = 101, .fields = {}, .body = {}, .source = {}});
  auto box = box_;
  one->over = true;
  one->timer.cancel();
  one->on_upgraded(client::upgraded{std::move(head), duplex{std::make_shared<tunnel>(box, in)}});
}

void client_connection::flush() {
  if (!box_)
    return;
  auto box = box_;
  auto got = box->take();
  if (got.in)
    inflow_.begin(std::move(got.in), parser_->take_rest());
  for (auto& piece : got.pieces) {
    auto size = piece->size();
    out().add(std::move(piece), size);
  }
  if (got.resumed)
    inflow_.resume();
  if (got.end == outbox::ending::aborted)
    gone({.reason = reason::unavailable, .message = "aborted"});
  last_ = last_ || got.end == outbox::ending::finished;
  if (last_ && out().empty())
    gone({.reason = reason::unavailable, .message = "closed"});
  box->sent(0);
  pump();
}

void client_connection::on_sent(std::size_t credit) {
  if (box_ && credit > 0)
    box_->sent(credit);
  if (last_ && out().empty())
    gone({.reason = reason::unavailable, .message = "closed"});
}

void client_connection::on_end() {
  if (box_) {
    inflow_.end();
    return;
  }
  if (call_ && heard_ && parser_->end() == parsed::complete) {
    complete();
    return;
  }
  gone({.reason = reason::timeout, .message = "the connection ended before the answer did"});
}

void client_connection::on_broken(const failure& why) {
  auto told = why;
  told.reason = is_open() ? reason::timeout : reason::unavailable;
  gone(told);
}

void client_connection::complete() {
  auto one = std::exchange(call_, nullptr);
  auto keep = parser_->keep_alive() && out().empty();
  parser_.reset();
  if (keep)
    pool_->give_back(self<client_connection>());
  one->finish({});
  if (!keep)
    gone({});
}

void client_connection::gone(const failure& why) {
  if (is_shut())
    return;
  auto me = self<client_connection>();
  shut();
  timer_.cancel();
  pool_->lost(me);
  if (auto one = std::exchange(call_, nullptr)) {
    if (used_ && !heard_ && !one->retried && !one->over && may_repeat(one->what))
      pool_->again(one); // the server closed what it took for unused
    else
      one->finish(why);
  }
  if (auto box = std::exchange(box_, nullptr))
    box->lost(last_);
  inflow_.close();
}

} // namespace troupe::http::detail
