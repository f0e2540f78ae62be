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

namespace {

constexpr std::uint64_t replayed_bytes = 4U << 20U; // at a time

/// The log's entries as they come again to the state machine. While `from` and `of` live.
store::own_log entries_again(const wal::log_file& from, const raft::entry_log& of) {
  return {
    .last = of.last().index,
    .from = [&from, &of](log_index next, const auto& visit) -> result<void> {
      if (next <= of.start().at.index) // a snapshot is to replace the state first
        return {};
      while (next <= of.last().index) {
        OR_RETURN(auto some, from.load(next, of.last().index, replayed_bytes));
        if (some.empty())
          return failure{.message = "read the log again from " + to_string(next)
                                    + ": the entry is not there"};
        for (const auto& e : some)
          CHECK_RETURN(
            visit({e.index, e.term,
                   e.kind == raft::entry_kind::command ? e.bytes() : std::string_view{}}));
        next = some.back().index + 1;
      }
      return {};
    },
  };
}

} // namespace

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
  wal::recovered was;
  OR_RETURN(auto log, wal::log_file::open(files,
                                          {.directory = o.directory + "/log",
                                           .identity = {o.cluster, member_of(o.member)},
                                           .segment_bytes = o.segment_bytes},
                                          was));
  out.log = std::move(log);
  auto with = replica;
  with.keys = o.keys;
  with.log = entries_again(*out.log, was.log);
  OR_RETURN(auto state, store::replica_state::open(rows, with));
  out.state = std::make_shared<store::replica_state>(std::move(state));
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
