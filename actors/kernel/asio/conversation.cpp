#include "actors/kernel/asio/conversation.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>

namespace troupe::io {
namespace {

constexpr std::size_t record = 16384;            // one TLS record
constexpr std::size_t pump_budget = 32 * record; // then others have their turn

/// Scratch space of the loop's thread: connections hold no buffers of their own.
std::array<char, record>& read_scratch() {
  thread_local std::array<char, record> bytes;
  return bytes;
}
std::array<char, record>& write_scratch() {
  thread_local std::array<char, record> bytes;
  return bytes;
}

} // namespace

conversation::conversation(boost::asio::io_context& loop, channel over)
    : loop_(loop), channel_(std::move(over)) {}

void conversation::shut() {
  shut_ = true;
  channel_.close();
}

void conversation::look() {
  drained_ = false;
  pump();
}

void conversation::pump() {
  if (shut_ || pumping_ || (!open_ && !shake_hands()))
    return;
  auto keep = shared_from_this();
  pumping_ = true;
  read_blocked_ = write_blocked_ = false;
  auto budget = pump_budget;
  bool progress = true;
  while (progress && !shut_ && budget > 0) {
    progress = write_some();
    progress = (!shut_ && read_some()) || progress;
    budget -= std::min(budget, record);
  }
  pumping_ = false;
  if (shut_)
    return;
  if (progress)
    boost::asio::post(loop_, [keep] { keep->pump(); });
  else
    arm();
}

bool conversation::shake_hands() {
  auto did = channel_.handshake();
  if (did == step::want_read || did == step::want_write) {
    waits_for_ = did;
    arm();
    return false;
  }
  auto keep = shared_from_this();
  if (did != step::done) {
    on_broken(channel_.error());
    return false;
  }
  open_ = true;
  on_open();
  return !shut_;
}

bool conversation::write_some() {
  if (write_blocked_ || out_.empty())
    return false;
  auto did = channel_.write(out_.front(write_scratch()));
  if (did.step == step::done) {
    on_sent(out_.consume(did.bytes));
    return true;
  }
  if (did.step == step::want_write || did.step == step::want_read)
    write_blocked_ = true;
  else
    on_broken(channel_.error());
  return false;
}

bool conversation::read_some() {
  if (drained_ || read_blocked_ || ended_ || !wants_to_read())
    return false;
  auto& into = read_scratch();
  auto did = channel_.read(into);
  switch (did.step) {
  case step::done:
    // Most likely all that was there: waiting for more tells, and costs less than trying does.
    drained_ = did.bytes < record / 2 && !channel_.has_pending();
    on_bytes({into.data(), did.bytes});
    return true;
  case step::want_read:
  case step::want_write:
    read_blocked_ = true;
    drained_ = did.step == step::want_read;
    break;
  case step::closed:
    ended_ = true;
    on_end();
    break;
  case step::failed: on_broken(channel_.error()); break;
  }
  return false;
}

void conversation::arm() {
  auto read = open_ ? !ended_ && wants_to_read() : waits_for_ == step::want_read;
  auto write = open_ ? !out_.empty() : waits_for_ == step::want_write;
  if (read && !read_armed_) {
    read_armed_ = true;
    channel_.when_readable([me = shared_from_this()](const boost::system::error_code& error) {
      me->read_armed_ = false;
      if (!error)
        me->look();
    });
  }
  if (write && !write_armed_) {
    write_armed_ = true;
    channel_.when_writable([me = shared_from_this()](const boost::system::error_code& error) {
      me->write_armed_ = false;
      if (!error)
        me->pump();
    });
  }
}

} // namespace troupe::io
