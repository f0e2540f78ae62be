// What is said about the members of the group: who they are, one leaves, one stops in order.
#pragma once

#include "actors/kernel/protocol.hpp"
#include "actors/kernel/types.hpp"
#include "config/base/clock.hpp"
#include "config/base/ids.hpp"

#include <caf/meta/type_name.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage {

/// Who belongs to the group. Any replica may be asked: the leader answers. While nobody leads the
/// asked one says what it knows.
struct list_members {
  bool passed_on = false; // by another replica, to the one that it thinks leads
};
struct member_row {
  std::string name;
  std::string address; // HOST:PORT
  std::string role;    // leader, voter, learner
  /// Since the leader heard of it last; negative: not since it leads. Of the leader itself: 0.
  std::int64_t silent_ms = -1;
  log_index index{}; // of the log known to be there, durably; of the leader what it applied
};
struct members_listed {
  std::string leader; // name; empty: nobody leads, and the rows are one replica's knowledge
  term_id term{};
  std::vector<member_row> members;
  bool read_only = false; // the one that answers has no room on its disk
};

/// Removes a member from the group, a dead one too. Answered when that is safe: committed and
/// applied. Failures: `not_found`; `conflict`: a majority would be lost; `unavailable`: nothing was
/// done, another change is under way or nobody leads; `timeout`: it may yet happen.
struct remove_member {
  std::string name;
  bool passed_on = false;
};
struct member_removed {
  bool was_voter = false;
};

/// Asked by one that hears no leader: it may have been removed while it was away.
struct ask_whether_member {
  member_id id{};
  bool passed_on = false;
};
struct whether_member {
  bool sure = false; // a leader says so
  bool member = false;
  log_index as_of{}; // what is committed up to here says so
  /// The members that the teller knows, as NAME=HOST:PORT. Who asks may lack one that joined, be
  /// needed by it for a majority, and be the one of the two that dials.
  std::vector<std::string> known;
};

/// A leader's process is about to stop: send it no proposal any more. What was sent before is
/// handled before the answer to this, since a link keeps the order.
struct leader_leaves {
  member_id id{};
};
struct leaving_noted {};

/// This replica's process is about to stop: another one is to lead. Answered when it does and the
/// writes under way here have their outcome, or after one election timeout all the same.
struct hand_over {
  using local_only = void;
};
struct handed_over {
  using local_only = void;
  bool done = false; // false: it led and still does, nobody could take over in time
};
using leaving_actor = caf::typed_actor<proto::ask<hand_over, handed_over>>;

template <class F> auto inspect(F& f, list_members& m) {
  return f(caf::meta::type_name("storage.list_members"), m.passed_on);
}
template <class F> auto inspect(F& f, member_row& m) {
  return f(caf::meta::type_name("storage.member_row"), m.name, m.address, m.role, m.silent_ms,
           m.index);
}
template <class F> auto inspect(F& f, members_listed& m) {
  return f(caf::meta::type_name("storage.members_listed"), m.leader, m.term, m.members,
           m.read_only);
}
template <class F> auto inspect(F& f, remove_member& m) {
  return f(caf::meta::type_name("storage.remove_member"), m.name, m.passed_on);
}
template <class F> auto inspect(F& f, member_removed& m) {
  return f(caf::meta::type_name("storage.member_removed"), m.was_voter);
}
template <class F> auto inspect(F& f, ask_whether_member& m) {
  return f(caf::meta::type_name("storage.ask_whether_member"), m.id, m.passed_on);
}
template <class F> auto inspect(F& f, whether_member& m) {
  return f(caf::meta::type_name("storage.whether_member"), m.sure, m.member, m.as_of, m.known);
}
template <class F> auto inspect(F& f, leader_leaves& m) {
  return f(caf::meta::type_name("storage.leader_leaves"), m.id);
}
template <class F> auto inspect(F& f, leaving_noted&) {
  return f(caf::meta::type_name("storage.leaving_noted"));
}

} // namespace troupe::storage
