// A snapshot of the whole store for administrators: GET /troupe/snapshot on any master, as a stream
// (store/mvcc/backup.hpp).
#pragma once

#include "actors/api/edge/front.hpp"
#include "actors/kernel/place.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/storage/protocol.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <string>

namespace troupe::program {

struct backup_asked {
  using local_only = void;
  std::shared_ptr<const http::request> what;
  http::responder to;
};
/// The actor's own: that client takes more, or is gone.
struct backup_goes_on {
  using local_only = void;
  std::uint64_t number = 0;
};
using backup_page_actor = caf::typed_actor<proto::tell<backup_asked>, proto::tell<backup_goes_on>>;

struct backup_dependencies {
  storage::replica_actor replica;                // of this master
  std::shared_ptr<kernel::blocking_pool> reader; // reads the engine, a piece at a time
  std::string cluster;                           // its name
  std::string program;                           // version
};

/// Streams what every write acknowledged before the question is part of, at the client's pace and
/// with a few pieces in memory. Answers as Kubernetes does (Status): 405, 429 (two are under way),
/// 503 (nobody leads); breaks off when the store cannot be read.
backup_page_actor spawn_backup_page(const kernel::place& at, backup_dependencies with);

/// For system:masters.
edge::page_entry backup_page(const backup_page_actor& by);

} // namespace troupe::program
