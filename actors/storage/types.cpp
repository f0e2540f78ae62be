#include "actors/storage/peer.hpp"
#include "actors/storage/raw.hpp"

namespace troupe::storage {

void register_types(kernel::message_types& types) {
  types.add<letter_sent>("storage.letter");
  types.add<bulk_letter_sent>("storage.bulk_letter", kernel::lane::bulk);
  types.add<propose>("storage.propose");
  types.add<proposed>("storage.proposed");
  types.add<ask_to_join>("storage.ask_to_join");
  types.add<join_answered>("storage.join_answered");
  types.add<commit_raw>("storage.commit_raw");
  types.add<raw_committed>("storage.raw_committed");
  types.add<read_raw>("storage.read_raw");
  types.add<raw_read>("storage.raw_read");
  types.add<list_raw>("storage.list_raw");
  types.add<raw_listed>("storage.raw_listed", kernel::lane::bulk);
}

} // namespace troupe::storage
