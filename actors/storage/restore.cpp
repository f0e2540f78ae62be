#include "actors/storage/restore.hpp"

#include "actors/storage/identity.hpp"

namespace troupe::storage {
namespace {

constexpr std::uint64_t piece_bytes = 1U << 20;

result<void> feed(store::backup_restore& into, const wal::file& from) {
  OR_RETURN(auto size, from.size());
  for (std::uint64_t at = 0; at < size; at += piece_bytes) {
    OR_RETURN(auto piece, from.read_at(at, piece_bytes));
    CHECK_RETURN(into.feed(piece));
  }
  return {};
}

/// A log that starts behind the restored state: who joins is sent a snapshot.
result<void> begin_log(const store_options& o, const std::shared_ptr<wal::file_layer>& files,
                       const store::machine_facts& facts) {
  wal::recovered was;
  OR_RETURN(auto log, wal::log_file::open(files,
                                          {.directory = o.directory + "/log",
                                           .identity = {o.cluster, member_of(o.member)},
                                           .segment_bytes = o.segment_bytes},
                                          was));
  CHECK_RETURN(log->append({.ballot = raft::ballot{.term = facts.term, .voted_for = {}},
                            .reset = raft::snapshot_mark{.at = {facts.term, facts.applied},
                                                         .members = founding_members(o.founders)},
                            .entries = {}}));
  return log->close();
}

} // namespace

result<restored> restore_store(const restore_options& o, const std::shared_ptr<wal::file_layer>& to,
                               store::engine& rows, const wal::file& snapshot) {
  OR_RETURN(auto into, store::backup_restore::start(rows));
  CHECK_RETURN(feed(into, snapshot));
  OR_RETURN(auto facts, into.finish(o.jump));
  CHECK_RETURN(begin_log(o.store, to, facts));
  CHECK_RETURN(save_identity(*to, o.store.directory, {.group = o.group}));
  return restored{.about = into.about(), .records = into.records(), .last = facts.last};
}

} // namespace troupe::storage
