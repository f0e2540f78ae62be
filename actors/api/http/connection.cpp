#include "actors/api/http/connection.hpp"

#include "actors/api/http/gzip.hpp"
#include "actors/api/http/head.hpp"
#include "actors/api/http/mapping.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace troupe::http::detail {
namespace {

constexpr std::size_t max_pipelined = 64U << 10;
constexpr std::size_t source_ahead = 64U << 10; // of a pulled body, encoded but not sent
constexpr duration linger_deadline = 2s;

std::string http_date() {
  thread_local std::time_t last = 0;
  thread_local std::string text;
  auto now = std::time(nullptr);
  if (now != last) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> out;
    text.assign(out.data(),
                std::strftime(out.data(), out.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    last = now;
  }
  return text;
}

response plain_refusal(int code) {
  return {.code = code,
          .fields = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = share(std::string{reason_phrase(code)} + "\n"),
          .source = {}};
}

bool has_no_body(int code) { return code / 100 == 1 || code == 204 || code == 304; }

} // namespace

connection::connection(core& of, loop_part& on, io::channel socket, peer from)
    : conversation(on.loop, std::move(socket))
    , core_(of)
    , part_(on)
    , peer_(std::move(from))
    , parser_({.header = of.settings.max_header, .body = of.settings.max_body}) {}

void connection::start(std::list<std::shared_ptr<connection>>::iterator self) {
  self_ = self;
  set_deadline(core_.settings.handshake_deadline);
  pump();
}

// -- what the conversation says
// --------------------------------------------------------------------

void connection::on_open() {
  if (over().tls())
    peer_.who = over().tls().peer();
  phase_ = phase::reading;
  set_deadline(core_.settings.idle_deadline);
}

void connection::on_sent(std::size_t credit) {
  stalled_ = steady::now() + core_.settings.stall_deadline;
  if (box_ && credit > 0)
    box_->sent(credit);
  if (out().empty())
    end_answer();
  else if (source_ && out().bytes() < source_ahead)
    pull();
}

void connection::on_end() {
  if (phase_ == phase::tunnelling) {
    inflow_.end();
  } else {
    finish(phase_ == phase::lingering);
  }
}

void connection::on_broken(const failure&) {
  if (phase_ == phase::handshake)
    ++core_.failed_handshakes;
  finish(phase_ == phase::lingering);
}

bool connection::wants_to_read() const {
  switch (phase_) {
  case phase::handshake:
  case phase::closed: return false;
  case phase::reading:
  case phase::lingering: return true;
  case phase::tunnelling: return inflow_.wants_more();
  case phase::answering:
  case phase::sending:
  case phase::streaming: break;
  }
  return parser_.kept() < max_pipelined; // also tells when the client goes away
}

// -- in -----------------------------------------------------------------------------------------

void connection::on_bytes(std::string_view bytes) {
  switch (phase_) {
  case phase::reading: advance(parser_.feed(bytes)); break;
  case phase::tunnelling: inflow_.deliver(bytes); break;
  case phase::lingering: break;
  default: parser_.keep(bytes); break;
  }
}

void connection::advance(parsed state) {
  if (state == parsed::complete) {
    dispatch();
  } else if (state != parsed::need_more) {
    refuse(state);
  } else if (parser_.header_done() && !header_seen_) {
    header_seen_ = true;
    set_deadline(core_.settings.body_deadline);
    if (parser_.take_expectation())
      out().add("HTTP/1.1 100 Continue\r\n\r\n");
  } else if (parser_.in_request() && !started_) {
    started_ = true;
    set_deadline(core_.settings.header_deadline); // not moved on by further bytes
  }
}

void connection::dispatch() {
  keep_alive_ = parser_.keep_alive();
  chunked_ = !parser_.is_http10();
  started_ = header_seen_ = false;
  auto asked = parser_.take();
  asked.from = peer_;
  head_only_ = asked.method == "HEAD";
  gzip_wanted_ = accepts_gzip(asked.fields.get("Accept-Encoding"));
  deadline_ = steady::time_point::max();
  phase_ = phase::answering;
  ++core_.requests;
  auto path = std::string_view{asked.target}.substr(0, asked.target.find('?'));
  const auto& always = core_.settings.always;
  if (++core_.in_flight > core_.settings.max_in_flight
      && std::none_of(always.begin(), always.end(),
                      [path](const auto& prefix) { return path.starts_with(prefix); })) {
    --core_.in_flight;
    auto busy = plain_refusal(429);
    busy.fields.add("Retry-After", "1");
    begin_answer(std::move(busy), outbox::kind::whole);
    return;
  }
  in_flight_ = true;
  box_ = std::make_shared<outbox>(core_.settings.stream_buffer,
                                  [&loop = part_.loop, weak = std::weak_ptr{self<connection>()}] {
                                    boost::asio::post(loop, [weak] {
                                      if (auto me = weak.lock())
                                        me->flush();
                                    });
                                  });
  try {
    core_.answer(std::move(asked), responder{std::make_shared<exchange>(box_)});
  } catch (const std::exception&) {
    // The responder went with the exception: the client gets 500.
  }
}

void connection::refuse(parsed why) {
  keep_alive_ = false;
  chunked_ = true;
  head_only_ = gzip_wanted_ = false;
  if (why == parsed::too_large)
    begin_answer(failure_response({.reason = reason::too_large,
                                   .message = "Request entity too large: limit is "
                                              + std::to_string(core_.settings.max_body)}),
                 outbox::kind::whole);
  else
    begin_answer(plain_refusal(why == parsed::header_too_large ? 431 : 400), outbox::kind::whole);
}

// -- out ----------------------------------------------------------------------------------------

void connection::flush() {
  if (!box_)
    return;
  auto box = box_;
  auto got = box->take();
  if (got.in)
    inflow_.begin(std::move(got.in), parser_.take_rest());
  if (got.head)
    begin_answer(std::move(*got.head), got.how);
  if (out().empty())
    stalled_ =
      steady::now() + core_.settings.stall_deadline; // counts from the first byte that waits
  for (auto& piece : got.pieces) {
    if (phase_ == phase::streaming && chunked_)
      out().add_chunk(std::move(piece));
    else
      out().add(piece, piece->size());
  }
  if (got.resumed && phase_ == phase::tunnelling)
    inflow_.resume();
  if (got.end == outbox::ending::aborted) {
    finish(false);
    return;
  }
  if (got.end == outbox::ending::finished) {
    complete_ = true;
    if (phase_ == phase::streaming && chunked_)
      out().add_last_chunk();
    if (out().empty())
      end_answer();
  }
  box->sent(0);
  if (phase_ != phase::closed)
    pump();
}

void connection::begin_answer(response head, outbox::kind how) {
  leave_flight();
  stalled_ = steady::now() + core_.settings.stall_deadline;
  if (core_.stopping)
    keep_alive_ = false;
  if (how == outbox::kind::tunnelled) {
    phase_ = phase::tunnelling;
    complete_ = false;
    if (!head.fields.has("Connection"))
      head.fields.add("Connection", "Upgrade");
    out().add(encode_head(head.code, head.fields));
    return;
  }
  head.fields.add("Date", http_date());
  if (how == outbox::kind::whole) {
    begin_whole(std::move(head));
    return;
  }
  phase_ = phase::streaming;
  complete_ = false;
  keep_alive_ = keep_alive_ && chunked_;
  if (chunked_)
    head.fields.add("Transfer-Encoding", "chunked");
  if (!keep_alive_)
    head.fields.add("Connection", "close");
  out().add(encode_head(head.code, head.fields));
}

void connection::begin_whole(response head) {
  phase_ = phase::sending;
  complete_ = true;
  auto size = head.body ? head.body->size() : 0;
  auto long_enough = head.source || size > core_.settings.gzip_above;
  if (long_enough && gzip_wanted_ && !head_only_ && !head.fields.has("Content-Encoding")) {
    head.source = gzip(std::move(head.body), std::move(head.source));
    head.body = nullptr;
    head.fields.add("Content-Encoding", "gzip");
    head.fields.add("Vary", "Accept-Encoding");
  }
  if (head.source && !chunked_)
    keep_alive_ = false;
  if (head.source && chunked_)
    head.fields.add("Transfer-Encoding", "chunked");
  else if (!head.source && !has_no_body(head.code) && !head.fields.has("Content-Length"))
    head.fields.add("Content-Length", std::to_string(size));
  if (!keep_alive_)
    head.fields.add("Connection", "close");
  out().add(encode_head(head.code, head.fields));
  if (head_only_ || has_no_body(head.code))
    return;
  source_ = std::move(head.source);
  if (!source_) {
    out().add(std::move(head.body));
    return;
  }
  if (chunked_)
    out().add_chunk(std::move(head.body));
  else
    out().add(std::move(head.body));
  pull();
}

void connection::pull() {
  while (source_ && out().bytes() < source_ahead) {
    auto piece = source_();
    if (!piece) {
      source_ = nullptr;
      if (chunked_)
        out().add_last_chunk();
    } else if (chunked_) {
      out().add_chunk(std::move(piece));
    } else {
      out().add(std::move(piece));
    }
  }
}

void connection::end_answer() {
  if (source_)
    pull();
  if (!out().empty() || !complete_)
    return;
  stalled_ = steady::time_point::max();
  if (phase_ != phase::sending && phase_ != phase::streaming && phase_ != phase::tunnelling)
    return;
  if (auto box = std::exchange(box_, nullptr))
    box->lost(true);
  if (phase_ == phase::tunnelling) {
    finish(true);
    return;
  }
  if (!keep_alive_ || core_.stopping) {
    linger();
    return;
  }
  phase_ = phase::reading;
  complete_ = false;
  set_deadline(core_.settings.idle_deadline);
  if (parser_.in_request())
    boost::asio::post(part_.loop, [me = self<connection>()] {
      if (me->phase_ == phase::reading) {
        me->advance(me->parser_.feed({}));
        me->pump();
      }
    });
}

void connection::linger() {
  phase_ = phase::lingering;
  over().end_output();
  set_deadline(linger_deadline);
}

void connection::leave_flight() {
  if (std::exchange(in_flight_, false))
    --core_.in_flight;
}

void connection::finish(bool in_order) {
  if (std::exchange(phase_, phase::closed) == phase::closed)
    return;
  auto keep = shared_from_this();
  leave_flight();
  source_ = nullptr;
  shut();
  part_.all.erase(self_);
  --core_.connections;
  if (auto box = std::exchange(box_, nullptr))
    box->lost(in_order);
  inflow_.close(); // after lost(): see duplex::on_data
}

// -- time ---------------------------------------------------------------------------------------

void connection::sweep(steady::time_point now) {
  if (phase_ == phase::closed)
    return;
  if (now >= deadline_)
    finish(true);
  else if (!out().empty() && now >= stalled_)
    finish(false);
}

void connection::wind_down() {
  switch (phase_) {
  case phase::answering:
  case phase::sending: keep_alive_ = false; break;
  case phase::reading:
    if (!parser_.in_request())
      finish(true);
    break;
  case phase::lingering: break;
  default: finish(false); break;
  }
}

} // namespace troupe::http::detail
