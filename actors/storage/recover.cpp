#include "actors/storage/recover.hpp"

#include "actors/storage/identity.hpp"
#include "store/machine/command.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

/// Its log as the core will see it: perhaps it died between installing a snapshot and noting it.
raft::entry_log log_of(const opened_store& from, std::optional<raft::snapshot_mark>& reset) {
  const auto& was = from.recovered;
  const auto& mark = was.snapshot;
  if (!mark || mark->at.index <= was.log.start().at.index || was.log.contains(mark->at))
    return was.log;
  reset = mark;
  return raft::entry_log{*mark};
}

} // namespace

survivor look_at(const opened_store& from, const recover_options& o) {
  std::optional<raft::snapshot_mark> reset;
  auto log = log_of(from, reset);
  survivor out{.last = log.last(),
               .applied = from.recovered.applied,
               .at = from.state->facts().last,
               .when = std::nullopt,
               .others = {},
               .voted = false};
  auto self = member_of(o.store.member);
  for (const auto& m : log.members().members)
    if (m.id == self)
      out.voted = m.role == raft::member_role::voter;
    else
      out.others.push_back(m);
  return out;
}

result<void> recover_alone(opened_store& of, const recover_options& o) {
  std::optional<raft::snapshot_mark> reset;
  auto log = log_of(of, reset);
  auto self = member_of(o.store.member);
  auto term = std::max(of.recovered.ballot.term, log.last().term) + 1;
  raft::configuration alone;
  alone.members.push_back({.id = self, .role = raft::member_role::voter, .address = o.address});
  auto jump = store::encode(store::command{store::jump_revision{of.state->facts().last + o.jump}});
  std::vector<raft::entry> entries = {{.term = term,
                                       .index = log.last().index + 1,
                                       .kind = raft::entry_kind::configuration,
                                       .command = share(raft::encode(alone))},
                                      {.term = term,
                                       .index = log.last().index + 2,
                                       .kind = raft::entry_kind::command,
                                       .command = share(std::move(jump))}};
  CHECK_RETURN(save_identity(*of.files, o.store.directory, {.group = o.group}));
  CHECK_RETURN(of.log->append({.ballot = raft::ballot{.term = term, .voted_for = self},
                               .reset = std::move(reset),
                               .entries = std::move(entries)}));
  return of.log->sync();
}

} // namespace troupe::storage
