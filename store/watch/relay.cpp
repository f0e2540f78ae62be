#include "store/watch/relay.hpp"

#include "store/base/wire.hpp"
#include "store/watch/relay_reader.hpp"

#include <algorithm>

namespace troupe::store {
namespace {

// In the answers.
constexpr std::uint8_t gone_flag = 1;
// In the changes.
constexpr std::uint8_t erased_flag = 1;
constexpr std::uint8_t last_flag = 2;

void encode(std::string& out, const change& what) {
  put_u8(out,
         static_cast<std::uint8_t>((what.now ? 0 : erased_flag) | (what.last ? last_flag : 0)));
  put_varint(out, raw(what.at));
  put_varint(out, raw(what.now ? what.now->created : what.before->created));
  put_bytes(out, what.key());
  if (what.now)
    put_bytes(out, *what.now->value);
}

relayed_change decode(unpacker& in) {
  relayed_change out;
  auto flags = in.u8();
  out.erased = (flags & erased_flag) != 0;
  out.last = (flags & last_flag) != 0;
  out.at = revision{in.varint()};
  out.created = revision{in.varint()};
  out.key = in.bytes();
  if (!out.erased)
    out.value = in.bytes();
  return out;
}

void put_head(std::string& out, follower_id who, std::uint8_t flags, revision up_to,
              std::size_t bytes) {
  put_varint(out, raw(who));
  put_u8(out, flags);
  put_varint(out, raw(up_to));
  put_varint(out, bytes);
}

} // namespace

// -- who follows what ----------------------------------------------------------------------------

feed_id relay::feed_for(const followed_keys& what, bool& fresh) {
  if (!what.after) // from now on: whoever wants the same may share
    for (const auto& [id, f] : feeds_)
      if (!f.over && !f.what.after && f.what.exact == what.exact && f.what.prefix == what.prefix)
        return id;
  fresh = true;
  auto id = feed_id{next_++};
  feeds_[id].what = what;
  return id;
}

result<relay::joined> relay::follow(stream_id on, const followed_keys& what) {
  if (on != stream_id{} && !has(on))
    return failure{.reason = reason::not_found, .message = "follow the store: no such stream"};
  if (followers_.size() >= limits_.followers)
    return failure{.reason = reason::too_many_requests,
                   .message = "follow the store: it has too many followers",
                   .retry_after_seconds = 1};
  joined out;
  out.stream = on == stream_id{} ? stream_id{next_++} : on;
  out.who = follower_id{next_++};
  out.feed = feed_for(what, out.fresh);
  auto& f = feeds_.at(out.feed);
  followers_[out.who] = {.stream = out.stream,
                         .of = out.feed,
                         .position = f.end(),
                         .told = f.up_to.value_or(revision{})};
  streams_[out.stream].all.push_back(out.who);
  ++f.streams[out.stream];
  return out;
}

void relay::forget(follower_id who) {
  auto at = followers_.find(who);
  if (at == followers_.end())
    return;
  auto [on, of, position, told] = at->second;
  followers_.erase(at);
  auto& f = feeds_.at(of);
  if (--f.streams[on] == 0)
    f.streams.erase(on);
  auto& s = streams_.at(on);
  std::erase(s.all, who);
  if (s.all.empty())
    streams_.erase(on);
}

void relay::leave(stream_id on, follower_id who) {
  auto at = streams_.find(on);
  if (at == streams_.end())
    return;
  auto all = at->second.all;
  for (auto each : all)
    if (who == follower_id{} || who == each)
      forget(each);
}

std::vector<feed_id> relay::unused() {
  std::vector<feed_id> out;
  for (const auto& [id, f] : feeds_)
    if (f.streams.empty())
      out.push_back(id);
  for (auto id : out)
    feeds_.erase(id);
  return out;
}

// -- what happens --------------------------------------------------------------------------------

void relay::started(feed_id id, revision at) {
  auto found = feeds_.find(id);
  if (found == feeds_.end())
    return;
  found->second.up_to = at;
  for (auto& [who, f] : followers_)
    if (f.of == id)
      f.told = at;
}

std::optional<revision> relay::begins_at(feed_id id) const {
  auto found = feeds_.find(id);
  return found == feeds_.end() ? std::nullopt : found->second.up_to;
}

std::vector<stream_id> relay::mark(feed& of) {
  std::vector<stream_id> out;
  for (const auto& [id, count] : of.streams)
    if (!std::exchange(streams_.at(id).dirty, true))
      out.push_back(id);
  return out;
}

std::vector<stream_id> relay::add(feed_id id, std::span<const change_ptr> changes, revision up_to) {
  auto found = feeds_.find(id);
  if (found == feeds_.end())
    return {};
  auto& f = found->second;
  f.up_to = up_to;
  if (changes.empty())
    return {};
  piece fresh{.count = static_cast<std::uint32_t>(changes.size()), .up_to = up_to};
  for (const auto& each : changes)
    encode(fresh.text, *each);
  f.bytes += fresh.text.size();
  f.pieces.push_back(std::move(fresh));
  while (f.bytes > limits_.feed_bytes && f.pieces.size() > 1) {
    f.bytes -= f.pieces.front().text.size();
    f.pieces.pop_front();
    ++f.first;
  }
  return mark(f);
}

std::vector<stream_id> relay::lost(feed_id id) {
  auto found = feeds_.find(id);
  if (found == feeds_.end())
    return {};
  found->second.over = true;
  return mark(found->second);
}

// -- what is taken -------------------------------------------------------------------------------

bool relay::pending(stream_id on) const {
  auto at = streams_.find(on);
  return at != streams_.end() && at->second.dirty;
}

/// False: there was more to take than fits into the answer.
bool relay::take_of(follower_id who, bool marks, std::string& out) {
  auto& me = followers_.at(who);
  auto& f = feeds_.at(me.of);
  if (f.over || me.position < f.first) {
    put_head(out, who, gone_flag, me.told, 0);
    forget(who);
    return true;
  }
  auto end = me.position;
  std::size_t bytes = 0;
  for (; end < f.end(); ++end) {
    auto more = f.pieces[end - f.first].text.size();
    if (out.size() + bytes + more > limits_.answer_bytes && !(out.empty() && bytes == 0))
      break;
    bytes += more;
  }
  auto all = end == f.end();
  auto up_to = all                 ? f.up_to.value_or(me.told)
               : end > me.position ? f.pieces[end - f.first - 1].up_to
                                   : me.told;
  if (bytes > 0 || (marks && up_to > me.told)) {
    put_head(out, who, 0, up_to, bytes);
    for (auto i = me.position; i < end; ++i)
      out += f.pieces[i - f.first].text;
    me.told = up_to;
  }
  me.position = end;
  return all;
}

std::string relay::take(stream_id on, bool marks) {
  std::string out;
  auto at = streams_.find(on);
  if (at == streams_.end())
    return out;
  auto all = at->second.all; // those told gone leave meanwhile
  auto turn = at->second.turn % all.size();
  at->second.dirty = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto who = (turn + i) % all.size();
    if (take_of(all[who], marks, out))
      continue;
    at->second.turn = who; // it goes on with the next answer: it is on the stream, as it had more
    at->second.dirty = true;
    break;
  }
  return out;
}

std::size_t relay::kept_bytes(feed_id id) const {
  auto found = feeds_.find(id);
  return found == feeds_.end() ? 0 : found->second.bytes;
}

// -- reading it back -----------------------------------------------------------------------------

result<void> read_relayed(std::string_view bytes, const relay_listener& to) {
  failure malformed{.reason = reason::bad_request, .message = "read relayed changes: malformed"};
  unpacker in{bytes};
  while (in.good() && !in.rest().empty()) {
    auto who = follower_id{in.varint()};
    auto flags = in.u8();
    auto up_to = revision{in.varint()};
    auto text = in.bytes();
    if (!in.good() || flags > gone_flag)
      return malformed;
    unpacker each{text};
    while (each.good() && !each.rest().empty()) {
      auto what = decode(each);
      if (!each.good())
        return malformed;
      to.on_change(who, what);
    }
    if (flags == gone_flag && to.on_gone)
      to.on_gone(who);
    else if (flags == 0 && to.on_mark)
      to.on_mark(who, up_to);
  }
  return in.good() ? result<void>{} : malformed;
}

} // namespace troupe::store
