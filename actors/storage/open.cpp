#include "actors/storage/open.hpp"

#include "actors/storage/identity.hpp"
#include "actors/storage/installed_mark.hpp"

#include <algorithm>

namespace troupe::storage {

raft::configuration founding_members(const std::vector<std::string>& addresses) {
  raft::configuration out;
  for (const auto& a : addresses)
    out.members.push_back(
      {.id = member_of(name_of(a)), .role = raft::member_role::voter, .address = a});
  std::sort(out.members.begin(), out.members.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

result<opened_store> open_store(const store_options& o, std::shared_ptr<wal::file_layer> files,
                                std::shared_ptr<store::engine> rows,
                                const store::replica_options& replica) {
  opened_store out;
  out.files = files;
  out.directory = o.directory;
  out.engine = rows;
  out.keys = o.keys;
  CHECK_RETURN(files->make_directory(o.directory));
  OR_RETURN(auto identity, open_identity(*files, o.directory));
  out.group = identity.group;
  auto with = replica;
  with.keys = o.keys;
  OR_RETURN(auto state, store::replica_state::open(rows, with));
  out.state = std::make_shared<store::replica_state>(std::move(state));
  wal::recovered was;
  OR_RETURN(auto log, wal::log_file::open(files,
                                          {.directory = o.directory + "/log",
                                           .identity = {o.cluster, member_of(o.member)},
                                           .segment_bytes = o.segment_bytes},
                                          was));
  out.log = std::move(log);
  out.recovered.ballot = was.ballot;
  out.recovered.applied = out.state->facts().applied;
  out.recovered.log = std::move(was.log);
  OR_RETURN(auto mark, load_mark(*files, o.directory));
  if (mark && mark->at.index <= out.recovered.applied) // else it died before the state was replaced
    out.recovered.snapshot = std::move(mark);
  if (was.fresh && !o.founders.empty()) { // written down, so that the next start knows them too
    raft::snapshot_mark start{.at = {}, .members = founding_members(o.founders)};
    CHECK_RETURN(out.log->append({.ballot = {}, .reset = start, .entries = {}}));
    CHECK_RETURN(out.log->sync());
    out.recovered.log = raft::entry_log{start};
  }
  return out;
}

} // namespace troupe::storage
