#include "actors/main/masters.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::program {
namespace {

constexpr duration look_every = 1s;

masters_are told(const masters_known& k) {
  masters_are out{.since = k.since, .all = {}, .voters = k.voters, .api_port = k.api_port};
  for (const auto& m : k.all)
    out.all.push_back(m.name + "=" + m.address);
  return out;
}

masters_known heard(const masters_are& m) {
  masters_known out{.since = m.since, .all = {}, .voters = m.voters, .api_port = m.api_port};
  for (const auto& text : m.all)
    if (auto p = read_peer(text))
      out.all.push_back(std::move(*p));
  return out;
}

struct follower_state {
  follower_state() = default;
  follower_dependencies with;
  std::size_t turn = 0;
};
using follower_ptr = kernel::self_ptr<masters_follower, follower_state>;

void take(follower_ptr self, const masters_are& m) {
  auto& s = self->state;
  auto before = s.with.board->get();
  auto now = heard(m);
  // A master that was away tells of the past.
  if (now.all.empty() || now.since < before.since || now == before)
    return;
  s.with.board->set(now);
  s.with.changed(before, now);
}

void look(follower_ptr self) {
  auto& s = self->state;
  self->after(look_every, look_for_masters{});
  auto known = s.with.board->get().all;
  if (known.empty())
    return;
  const auto& next = known[s.turn++ % known.size()];
  self->ask(s.with.master(next.name), get_masters{}, look_every)
    .then([self](result<masters_are> r) {
      if (r)
        take(self, *r);
    });
}

} // namespace

masters_actor spawn_masters(const kernel::place& at, masters_board_ptr board) {
  using pointer = kernel::self_ptr<masters_actor, kernel::stateless>;
  return kernel::spawn<masters_actor, kernel::stateless>(
    at,
    [](pointer, const masters_board_ptr& of) -> masters_actor::behavior_type {
      return {[of](const get_masters&) -> kernel::reply<masters_are> { return told(of->get()); }};
    },
    std::move(board));
}

masters_follower spawn_masters_follower(const kernel::place& at, follower_dependencies with) {
  return kernel::spawn<masters_follower, follower_state>(
    at,
    [](follower_ptr self, follower_dependencies d) -> masters_follower::behavior_type {
      self->state.with = std::move(d);
      self->after(1ms, look_for_masters{});
      return {[self](const look_for_masters&) { look(self); }};
    },
    std::move(with));
}

result<settings::peer> read_peer(const std::string& text) {
  auto equals = text.find('=');
  auto colon = text.rfind(':');
  if (equals == std::string::npos || equals == 0 || colon == std::string::npos
      || colon <= equals + 1 || colon + 1 == text.size())
    return failure{.reason = reason::invalid,
                   .message = "read the master '" + text + "': it must be NAME=HOST:PORT"};
  return settings::peer{text.substr(0, equals), text.substr(equals + 1)};
}

std::string host_of(const std::string& address) {
  auto host = address.substr(0, address.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

void register_masters_types(kernel::message_types& types) {
  types.add<get_masters>("main.get_masters");
  types.add<masters_are>("main.masters_are");
}

} // namespace troupe::program
