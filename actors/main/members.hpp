// The members of the store, for administrators: GET /troupe/members, POST
// /troupe/member/remove?name=NAME on any master.
#pragma once

#include "actors/api/edge/front.hpp"
#include "actors/kernel/place.hpp"
#include "actors/storage/peer.hpp"

#include <caf/typed_actor.hpp>

#include <memory>

namespace troupe::program {

/// One of the two was asked.
struct members_asked {
  using local_only = void;
  std::shared_ptr<const http::request> what;
  http::responder to;
};
using members_page_actor = caf::typed_actor<proto::tell<members_asked>>;

/// Asks the replica of this master. Answers as Kubernetes does (Status): 400, 404 (no such
/// master), 405, 409 (a majority would be lost), 503 (try again), 504 (outcome unknown).
members_page_actor spawn_members_page(const kernel::place& at, storage::peer_actor replica);

/// For system:masters.
std::vector<edge::page_entry> members_pages(const members_page_actor& by);

} // namespace troupe::program
