#include "actors/kernel/link_peer.hpp"

#include "actors/kernel/inspect.hpp"

namespace troupe::kernel {
namespace {

constexpr duration forgotten_after = 10min;

failure too_large(std::string_view portal) {
  return {.reason = reason::too_large,
          .message = "a message to the portal " + std::string{portal} + " exceeds 4 MiB"};
}

} // namespace

identity link_peer::who() const {
  std::lock_guard lock{mutex_};
  return who_;
}

void link_peer::up(const identity& who, link_id link, instant now, time_point tick) {
  std::lock_guard lock{mutex_};
  who_.role = who.role;
  link_ = link;
  ++generation_;
  since_ = now;
  last_heard_ = last_sent_ = now_ = tick;
}

std::vector<link_peer::unanswered> link_peer::down(instant now) {
  std::lock_guard lock{mutex_};
  if (link_ == link_id{})
    return {};
  link_ = {};
  since_ = now;
  std::vector<unanswered> out;
  out.reserve(asks_.size());
  std::map<std::uint64_t, unanswered> in_order{asks_.begin(), asks_.end()}; // for the simulation
  for (auto& [correlation, asker] : in_order)
    out.push_back(std::move(asker));
  asks_.clear();
  for (auto& [portal, s] : streams_)
    counts_.dropped_tells += s.waiting.size();
  streams_.clear();
  intakes_.clear();
  asks_in_ = 0;
  return out;
}

link_id link_peer::link() const {
  std::lock_guard lock{mutex_};
  return link_;
}

link_status link_peer::status() const {
  std::lock_guard lock{mutex_};
  auto out = counts_;
  out.peer = who_;
  out.up = link_ != link_id{};
  out.since = since_;
  out.open_asks = asks_.size();
  return out;
}

// -- outwards ------------------------------------------------------------------------------------

bool link_peer::send_now(lane on, std::string&& bytes) {
  if (link_ == link_id{}
      || transport_.send(link_, on, std::move(bytes)) != link_transport::sent::accepted)
    return false;
  ++counts_.frames_out;
  last_sent_ = now_;
  return true;
}

void link_peer::flush(stream& s) {
  while (!s.waiting.empty() && s.credit > 0) {
    auto& next = s.waiting.front();
    if (!send_now(next.on, std::move(next.bytes)))
      return;
    --s.credit;
    s.waiting.pop_front();
  }
}

void link_peer::tell(std::string_view portal, const caf::type_erased_tuple& content,
                     cause_id cause) {
  const auto* type =
    content.size() == 1 && content.type(0).second ? types_->find(*content.type(0).second) : nullptr;
  auto bytes = encode_head({.what = frame::kind::tell,
                            .cause = cause,
                            .portal = portal,
                            .type = type ? type->name : std::string_view{}});
  auto sendable = type && types_->encode(content, bytes) && bytes.size() <= max_frame;
  std::lock_guard lock{mutex_};
  if (!sendable || link_ == link_id{}) {
    ++counts_.dropped_tells;
    return;
  }
  auto at = streams_.find(portal);
  if (at == streams_.end())
    at = streams_.emplace(portal, stream{}).first;
  auto& s = at->second;
  if (s.waiting.empty() && s.credit > 0 && send_now(type->lane, std::move(bytes))) {
    --s.credit;
    return;
  }
  if (s.waiting.size() < settings_.kept_tells)
    s.waiting.push_back({type->lane, std::move(bytes)});
  else
    ++counts_.dropped_tells;
}

std::optional<failure> link_peer::ask(std::string_view portal,
                                      const caf::type_erased_tuple& content, cause_id cause,
                                      unanswered asker) {
  const auto* type =
    content.size() == 1 && content.type(0).second ? types_->find(*content.type(0).second) : nullptr;
  std::uint64_t correlation = 0;
  {
    std::lock_guard lock{mutex_};
    correlation = next_correlation_++;
  }
  auto bytes = encode_head({.what = frame::kind::ask,
                            .correlation = correlation,
                            .cause = cause,
                            .portal = portal,
                            .type = type ? type->name : std::string_view{}});
  if (auto encoded = types_->encode(content, bytes); !encoded)
    return std::move(encoded).error();
  if (bytes.size() > max_frame)
    return too_large(portal);
  std::lock_guard lock{mutex_};
  if (link_ == link_id{})
    return failure{.reason = reason::unavailable, .message = "there is no link to " + who_.name};
  if (asks_.size() >= settings_.open_asks || !send_now(type->lane, std::move(bytes)))
    return failure{.reason = reason::too_many_requests,
                   .message = "the link to " + who_.name + " is full",
                   .retry_after_seconds = 1};
  asker.asked = now_;
  asks_.emplace(correlation, std::move(asker));
  return std::nullopt;
}

void link_peer::answer(std::uint64_t generation, std::uint64_t correlation,
                       const caf::type_erased_tuple& content, cause_id cause) {
  const message_type* type = nullptr;
  if (content.size() == 1 && content.type(0).second)
    type = types_->find(*content.type(0).second);
  auto bytes = encode_head({.what = frame::kind::answer,
                            .correlation = correlation,
                            .cause = cause,
                            .type = type ? type->name : std::string_view{}});
  if (content.size() != 0) // a tell that was asked is answered by nothing
    if (auto encoded = types_->encode(content, bytes); !encoded)
      return fail(generation, correlation, encoded.error());
  if (bytes.size() > max_frame)
    return fail(generation, correlation, too_large("of the asker"));
  auto sent = false;
  {
    std::lock_guard lock{mutex_};
    if (generation != generation_)
      return;
    sent = send_now(type ? type->lane : lane::control, std::move(bytes));
  }
  if (!sent)
    fail(generation, correlation,
         {.reason = reason::timeout, .message = "the answer did not fit on the link"});
}

void link_peer::fail(std::uint64_t generation, std::uint64_t correlation, const failure& why) {
  auto bytes = encode_head({.what = frame::kind::failed, .correlation = correlation});
  types_->encode_failure(why, bytes);
  std::lock_guard lock{mutex_};
  if (generation == generation_)
    send_now(lane::control, std::move(bytes));
}

void link_peer::writable(lane) {
  std::lock_guard lock{mutex_};
  for (auto& [portal, s] : streams_)
    flush(s);
}

bool link_peer::beat(time_point tick) {
  std::lock_guard lock{mutex_};
  now_ = tick;
  if (link_ == link_id{})
    return false;
  if (tick - last_sent_ >= settings_.heartbeat)
    send_now(lane::control, encode_head({.what = frame::kind::ping}));
  for (auto& [portal, in] : intakes_)
    if (in.handled >= tell_window / 2)
      grant(portal, in.handled);
  if (asks_.size() > settings_.open_asks / 2) // their askers have given up long ago
    std::erase_if(asks_, [&](const auto& a) { return a.second.asked + forgotten_after < tick; });
  return tick - last_heard_ > settings_.lost_after;
}

// -- inwards -------------------------------------------------------------------------------------

std::uint64_t link_peer::generation() const {
  std::lock_guard lock{mutex_};
  return generation_;
}

void link_peer::heard(time_point tick) {
  std::lock_guard lock{mutex_};
  last_heard_ = tick;
  ++counts_.frames_in;
}

void link_peer::refused() {
  std::lock_guard lock{mutex_};
  ++counts_.refused;
}

void link_peer::granted(std::string_view portal, std::uint64_t tells) {
  std::lock_guard lock{mutex_};
  if (auto s = streams_.find(portal); s != streams_.end()) {
    s->second.credit = std::min<std::uint64_t>(s->second.credit + tells, tell_window);
    flush(s->second);
  }
}

std::optional<link_peer::unanswered> link_peer::answered(std::uint64_t correlation) {
  std::lock_guard lock{mutex_};
  auto open = asks_.extract(correlation);
  if (!open)
    return std::nullopt;
  return std::move(open.mapped());
}

void link_peer::handled(std::uint64_t generation, const std::string& portal, lane on,
                        std::size_t bytes) {
  std::lock_guard lock{mutex_};
  if (generation != generation_ || link_ == link_id{})
    return;
  transport_.consumed(link_, on, bytes);
  auto& in = intakes_[portal];
  if (in.waiting > 0)
    --in.waiting;
  if (++in.handled >= tell_window / 2)
    grant(portal, in.handled);
}

bool link_peer::take_tell(const std::string& portal) {
  std::lock_guard lock{mutex_};
  auto& in = intakes_[portal];
  return ++in.waiting + in.handled <= tell_window;
}

void link_peer::grant(const std::string& portal, std::uint32_t& n) {
  auto bytes = encode_head({.what = frame::kind::grant, .correlation = n, .portal = portal});
  if (send_now(lane::control, std::move(bytes)))
    n = 0; // else with the next beat
}

bool link_peer::take_ask() {
  std::lock_guard lock{mutex_};
  if (asks_in_ >= settings_.open_asks)
    return false;
  ++asks_in_;
  return true;
}

void link_peer::settle_ask() {
  std::lock_guard lock{mutex_};
  if (asks_in_ > 0)
    --asks_in_;
}

} // namespace troupe::kernel
