// What the replicas of the masters say to each other, over links (portal "replica").
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/protocol.hpp"
#include "actors/kernel/types.hpp"
#include "actors/storage/members.hpp"
#include "config/base/ids.hpp"

#include <caf/meta/type_name.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>

namespace troupe::storage {

/// A Raft letter, encoded (store/raft/wire.hpp). May be lost. `group` as in identity.hpp: letters
/// of another life of the cluster are not read.
struct letter_sent {
  std::string bytes;
  std::uint64_t group = 0;
};
/// One that is big: on the bulk lane.
struct bulk_letter_sent {
  std::string bytes;
  std::uint64_t group = 0;
};

/// A follower's transactions for the leader to propose, in order.
struct propose {
  std::vector<std::string> commands;
};
/// Where the first one stands; the others follow. Not accepted: nothing was proposed.
struct proposed {
  bool accepted = false;
  bool busy = false; // not accepted: too much is under way
  term_id term{};
  log_index first{};
};

/// A member asks to be taken in (as a learner, promoted when it has caught up).
struct ask_to_join {
  member_id id{};
  std::string address; // NAME=HOST:PORT
};
struct join_answered {
  bool accepted = false;
};

template <class F> auto inspect(F& f, letter_sent& m) {
  return f(caf::meta::type_name("storage.letter"), m.bytes, m.group);
}
template <class F> auto inspect(F& f, bulk_letter_sent& m) {
  return f(caf::meta::type_name("storage.bulk_letter"), m.bytes, m.group);
}
template <class F> auto inspect(F& f, propose& m) {
  return f(caf::meta::type_name("storage.propose"), m.commands);
}
template <class F> auto inspect(F& f, proposed& m) {
  return f(caf::meta::type_name("storage.proposed"), m.accepted, m.busy, m.term, m.first);
}
template <class F> auto inspect(F& f, ask_to_join& m) {
  return f(caf::meta::type_name("storage.ask_to_join"), m.id, m.address);
}
template <class F> auto inspect(F& f, join_answered& m) {
  return f(caf::meta::type_name("storage.join_answered"), m.accepted);
}

using peer_actor = caf::typed_actor<         //
  proto::tell<letter_sent>,                  //
  proto::tell<bulk_letter_sent>,             //
  proto::ask<propose, proposed>,             //
  proto::ask<ask_to_join, join_answered>,    //
  proto::ask<list_members, members_listed>,  //
  proto::ask<remove_member, member_removed>, //
  proto::ask<leader_leaves, leaving_noted>,  //
  proto::ask<ask_whether_member, whether_member>>;

inline constexpr auto peer_portal = "replica";
/// What masters may say to this one's replica.
kernel::portal portal_of(const peer_actor& replica);

void register_types(kernel::message_types& types);

} // namespace troupe::storage
