#include "actors/storage/peer.hpp"
#include "actors/storage/raw.hpp"
#include "actors/storage/raw_watch.hpp"

namespace troupe::storage {

void register_types(kernel::message_types& types) {
  types.add<letter_sent>("storage.letter");
  types.add<bulk_letter_sent>("storage.bulk_letter", kernel::lane::bulk);
  types.add<propose>("storage.propose");
  types.add<proposed>("storage.proposed");
  types.add<ask_to_join>("storage.ask_to_join");
  types.add<join_answered>("storage.join_answered");
  types.add<list_members>("storage.list_members");
  types.add<members_listed>("storage.members_listed");
  types.add<remove_member>("storage.remove_member");
  types.add<member_removed>("storage.member_removed");
  types.add<ask_whether_member>("storage.ask_whether_member");
  types.add<whether_member>("storage.whether_member");
  types.add<leader_leaves>("storage.leader_leaves");
  types.add<leaving_noted>("storage.leaving_noted");
  types.add<commit_raw>("storage.commit_raw");
  types.add<raw_committed>("storage.raw_committed");
  types.add<read_raw>("storage.read_raw");
  types.add<raw_read>("storage.raw_read");
  types.add<list_raw>("storage.list_raw.2");
  types.add<raw_listed>("storage.raw_listed.2", kernel::lane::bulk);
  types.add<follow_raw>("storage.follow_raw");
  types.add<raw_followed>("storage.raw_followed");
  types.add<next_raw>("storage.next_raw");
  types.add<raw_changes>("storage.raw_changes", kernel::lane::bulk);
  types.add<unfollow_raw>("storage.unfollow_raw");
}

kernel::portal portal_of(const peer_actor& replica) {
  kernel::portal out{peer_portal, replica};
  out.accept<letter_sent>({kernel::role::master})
    .accept<bulk_letter_sent>({kernel::role::master})
    .accept<propose>({kernel::role::master})
    .accept<ask_to_join>({kernel::role::master})
    .accept<list_members>({kernel::role::master})
    .accept<remove_member>({kernel::role::master})
    .accept<leader_leaves>({kernel::role::master})
    .accept<ask_whether_member>({kernel::role::master});
  return out;
}

} // namespace troupe::storage
