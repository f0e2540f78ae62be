#include "actors/kernel/asio/link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace troupe::kernel {

// -- what waits to be sent ------------------------------------------------------------------------

link_transport::sent send_queue::push(std::string&& frame, std::size_t limit, bool& wake) {
  std::lock_guard lock{mutex_};
  if (queued_ > 0 && queued_ + frame.size() > limit) {
    told_full_ = true;
    return link_transport::sent::full;
  }
  queued_ += frame.size();
  frames_.push_back(std::move(frame));
  wake = !std::exchange(woken_, true);
  return link_transport::sent::accepted;
}

std::vector<std::string> send_queue::take() {
  std::lock_guard lock{mutex_};
  woken_ = false;
  return std::exchange(frames_, {});
}

bool send_queue::gave(std::size_t bytes, std::size_t limit) {
  std::lock_guard lock{mutex_};
  queued_ -= bytes;
  return queued_ <= limit / 2 && std::exchange(told_full_, false);
}

// -- the link -----------------------------------------------------------------------------------

link::link(link_id id, link_owner& owner, boost::asio::io_context& loop, greeting::token_type token,
           bool dialled)
    : id_(id), owner_(owner), loop_(loop), token_(token), dialled_(dialled) {}

link_transport::sent link::send(lane on, std::string&& frame) {
  bool wake = false;
  auto outcome = of(on).queue.push(std::move(frame), owner_.settings().send_limit, wake);
  if (wake)
    boost::asio::post(loop_, [me = shared_from_this(), on] { me->flush(on); });
  return outcome;
}

void link::flush(lane on) {
  if (up_ && !over_) // else rise() does it
    if (auto by = lanes_[static_cast<std::size_t>(on)])
      by->send(of(on).queue.take());
}

void link::flush_all() {
  flush(lane::control);
  flush(lane::bulk);
}

void link::left(lane on, std::size_t bytes) {
  if (of(on).queue.gave(bytes, owner_.settings().send_limit) && !over_)
    owner_.events().on_writable(id_, on);
}

void link::consumed(lane on, std::size_t bytes) {
  auto window = owner_.settings().receive_window;
  auto before = of(on).unconsumed.fetch_sub(bytes);
  if (before > window && before - bytes <= window)
    boost::asio::post(loop_, [me = shared_from_this(), on] {
      if (auto by = me->lanes_[static_cast<std::size_t>(on)]; by && !me->over_)
        by->resume();
    });
}

bool link::may_read(lane on) const { return of(on).unconsumed <= owner_.settings().receive_window; }

void link::deliver(lane on, std::string frame) {
  of(on).unconsumed += frame.size();
  owner_.events().on_frame(id_, on, std::move(frame));
}

void link::attach(lane on, const std::shared_ptr<lane_connection>& by) {
  lanes_[static_cast<std::size_t>(on)] = by;
}

bool link::ready(const identity& peer) {
  peer_ = peer;
  return ++ready_ == 2;
}

void link::answer_greetings() {
  for (auto by : lanes_)
    if (by)
      by->answer_greeting();
}

void link::rise() {
  if (over_)
    return;
  auto keep = shared_from_this();
  up_ = true;
  owner_.up(*this);
  for (auto on : {lane::control, lane::bulk}) {
    flush(on);
    if (auto by = lanes_[static_cast<std::size_t>(on)])
      by->rise();
  }
}

void link::read_out(lane except) {
  auto keep = shared_from_this(); // the other lane may end it
  for (auto on : {lane::control, lane::bulk})
    if (auto by = lanes_[static_cast<std::size_t>(on)]; by && on != except)
      by->resume();
}

void link::end(const failure& why) {
  if (std::exchange(over_, true))
    return;
  auto keep = shared_from_this();
  for (auto& by : std::exchange(lanes_, {}))
    if (by)
      by->drop();
  owner_.down(*this, why);
}

// -- a lane -------------------------------------------------------------------------------------

lane_connection::lane_connection(link_owner& owner, boost::asio::io_context& on, io::channel socket)
    : conversation(on, std::move(socket)), owner_(owner), timer_(on) {}

lane_connection::lane_connection(link_owner& owner, boost::asio::io_context& on, io::channel socket,
                                 const std::shared_ptr<link>& of, lane as, const identity& expected)
    : conversation(on, std::move(socket))
    , owner_(owner)
    , link_(of)
    , lane_(as)
    , expected_(expected)
    , timer_(on) {}

void lane_connection::start(duration deadline) {
  timer_.expires_after(deadline);
  timer_.async_wait([me = self<lane_connection>()](const boost::system::error_code& error) {
    if (!error)
      me->fail({.reason = reason::timeout, .message = "the link did not stand in time"});
  });
  pump();
}

void lane_connection::on_open() {
  auto certified = over().tls().peer();
  auto who = certified ? process_identity(*certified)
                       : result<identity>{failure{.reason = reason::forbidden,
                                                  .message = "the peer showed no certificate"}};
  if (!who) {
    fail(std::move(who).error());
    return;
  }
  peer_ = *who;
  if (peer_.role == role::master)
    over().keep_buffers(); // there are few, and they speak all the time
  if (!expected_)
    return; // it greets
  if (peer_ != *expected_) {
    fail({.reason = reason::forbidden,
          .message = "expected " + expected_->name + " and met " + peer_.name});
    return;
  }
  out().add(encode(greeting{.on = lane_, .token = link_->token()}));
}

void lane_connection::on_bytes(std::string_view bytes) {
  if (!greeted_)
    greet_back(bytes);
  if (is_shut() || bytes.empty())
    return;
  if (link_ && link_->is_up() && early_.empty())
    take_frames(bytes);
  else // the other lane is not here yet; the peer does not wait for it
    early_.append(bytes);
}

void lane_connection::take_frames(std::string_view bytes) {
  auto of = link_;
  auto fine = reader_.feed(bytes, [this, &of](std::string frame) {
    of->deliver(lane_, std::move(frame));
    return !is_shut();
  });
  if (!fine)
    fail(fine.error());
}

void lane_connection::rise() {
  timer_.cancel();
  if (auto early = std::exchange(early_, {}); !early.empty() && !is_shut())
    take_frames(early);
  pump();
}

/// Takes the greeting off the bytes, once it is whole.
void lane_connection::greet_back(std::string_view& bytes) {
  auto n = std::min(greeting::size - early_.size(), bytes.size());
  early_.append(bytes.substr(0, n));
  bytes.remove_prefix(n);
  if (early_.size() < greeting::size)
    return;
  auto said = decode_greeting(early_);
  early_.clear();
  if (!said) {
    fail(said.error());
    return;
  }
  greeted_ = true;
  if (!expected_) {
    owner_.greeted(self<lane_connection>(), *said, peer_);
    return;
  }
  if (*said != greeting{.on = lane_, .token = link_->token()}) {
    fail({.reason = reason::bad_request, .message = "the peer answered another greeting"});
    return;
  }
  if (link_->ready(peer_))
    link_->rise();
}

void lane_connection::adopt(const std::shared_ptr<link>& by, lane on) {
  link_ = by;
  lane_ = on;
}

void lane_connection::answer_greeting() {
  out().add(encode(greeting{.on = lane_, .token = link_->token()}));
  pump();
}

void lane_connection::send(std::vector<std::string> frames) {
  for (auto& frame : frames) {
    auto head = frame_head(frame.size());
    out().add(std::string{head.data(), head.size()});
    auto size = frame.size();
    out().add(std::move(frame), size);
  }
  pump();
}

void lane_connection::on_sent(std::size_t credit) {
  if (credit > 0 && link_)
    link_->left(lane_, credit);
}

bool lane_connection::wants_to_read() const {
  if (leaving_)
    return false;
  if (!greeted_)
    return true;
  if (!link_ || !link_->is_up())
    return early_.empty(); // enough to see the end of the peer
  return link_->may_read(lane_);
}

void lane_connection::on_end() {
  if (link_)
    link_->read_out(lane_); // the peer closed both lanes: what it said last may be on the other one
  fail({.reason = reason::unavailable, .message = "the peer closed the connection"});
}

void lane_connection::on_broken(const failure& why) {
  auto told = why;
  if (told.reason == reason::internal)
    told.reason = reason::unavailable;
  fail(std::move(told));
}

void lane_connection::fail(failure why) {
  if (is_shut())
    return;
  auto me = self<lane_connection>();
  timer_.cancel();
  shut();
  auto of = std::exchange(link_, nullptr);
  if (of)
    of->end(why);
  owner_.dropped(me);
}

void lane_connection::drop() {
  if (is_shut())
    return;
  auto me = self<lane_connection>();
  timer_.cancel();
  link_ = nullptr;
  leaving_ = true;
  if (is_open())
    pump(); // what the socket takes at once, such as a last word
  if (is_shut())
    return;
  shut();
  owner_.dropped(me);
}

} // namespace troupe::kernel
