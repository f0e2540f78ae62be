#include "actors/storage/peer.hpp"

namespace troupe::storage {

void register_types(kernel::message_types& types) {
  types.add<letter_sent>("storage.letter");
  types.add<bulk_letter_sent>("storage.bulk_letter", kernel::lane::bulk);
  types.add<propose>("storage.propose");
  types.add<proposed>("storage.proposed");
  types.add<ask_to_join>("storage.ask_to_join");
  types.add<join_answered>("storage.join_answered");
}

} // namespace troupe::storage
