// Configurations: look-up, the one-at-a-time changes of thesis 4.1, and their bytes.
#include "store/raft/coding.hpp"
#include "store/raft/types.hpp"

#include <algorithm>

namespace troupe::raft {

const member* configuration::find(member_id id) const {
  auto i = std::lower_bound(members.begin(), members.end(), id,
                            [](const member& m, member_id sought) { return m.id < sought; });
  return i != members.end() && i->id == id ? &*i : nullptr;
}

bool configuration::is_voter(member_id id) const {
  const auto* m = find(id);
  return m && m->role == member_role::voter;
}

std::uint64_t configuration::voters() const {
  return static_cast<std::uint64_t>(std::count_if(
    members.begin(), members.end(), [](const member& m) { return m.role == member_role::voter; }));
}

namespace {

failure no_such(member_id id) {
  return {.reason = reason::not_found, .message = "member " + to_string(id) + " does not exist"};
}

// Two majorities overlap only because one voter comes or goes at a time: each overload changes one.
struct change_maker {
  configuration now;

  member* find(member_id id) { return const_cast<member*>(now.find(id)); } // NOLINT: our own copy
  result<configuration> operator()(const add_learner& c) {
    if (c.id == nobody)
      return failure{.reason = reason::invalid, .message = "a member's id must not be 0"};
    if (find(c.id))
      return failure{.reason = reason::already_exists,
                     .message = "member " + to_string(c.id) + " exists"};
    now.members.push_back({c.id, member_role::learner, c.address});
    std::sort(now.members.begin(), now.members.end(),
              [](const member& a, const member& b) { return a.id < b.id; });
    return now;
  }
  result<configuration> operator()(const promote& c) {
    auto* m = find(c.id);
    if (!m)
      return no_such(c.id);
    if (m->role == member_role::voter)
      return failure{.reason = reason::already_exists,
                     .message = "member " + to_string(c.id) + " is a voter"};
    m->role = member_role::voter;
    return now;
  }
  result<configuration> operator()(const remove_member& c) {
    auto* m = find(c.id);
    if (!m)
      return no_such(c.id);
    if (m->role == member_role::voter && now.voters() == 1)
      return failure{.reason = reason::invalid, .message = "the last voter cannot be removed"};
    now.members.erase(now.members.begin() + (m - now.members.data()));
    return now;
  }
  result<configuration> operator()(const move_member& c) {
    auto* m = find(c.id);
    if (!m)
      return no_such(c.id);
    m->address = c.address;
    return now;
  }
};

} // namespace

result<configuration> changed(const configuration& now, const membership_change& change) {
  return std::visit(change_maker{now}, change);
}

std::string encode(const configuration& c) {
  std::string out;
  byte_writer to{out};
  to.number(c.members.size());
  for (const auto& m : c.members) {
    to.id(m.id);
    to.byte(static_cast<std::uint8_t>(m.role));
    to.text(m.address);
  }
  return out;
}

result<configuration> decode_configuration(std::string_view bytes) {
  configuration c;
  byte_reader from{bytes};
  auto count = from.number();
  for (std::uint64_t i = 0; i < count && from.ok(); ++i) {
    member m;
    m.id = from.id<member_id>();
    m.role = from.flag() ? member_role::learner : member_role::voter;
    m.address = std::string{from.text()};
    if (c.members.empty() ? m.id == nobody : m.id <= c.members.back().id)
      from.fail();
    c.members.push_back(std::move(m));
  }
  if (!from.done())
    return failure{.reason = reason::bad_request, .message = "malformed configuration of a group"};
  return c;
}

} // namespace troupe::raft
