// Proposals.
#include "store/raft/core.hpp"

namespace troupe::raft {

void core::on(const proposal& p, effects& out) {
  invariant(!p.commands.empty(), "a proposal has a command");
  auto answer_with = [&](verdict v, log_position first) {
    out.answers.push_back({p.ticket, v, first, known_leader()});
  };
  auto* l = std::get_if<leader>(&role_);
  if (!l)
    return answer_with(verdict::not_leader, {});
  if (l->transfer_to != nobody)
    return answer_with(verdict::transferring, {});
  std::uint64_t bytes = 0;
  for (const auto& c : p.commands)
    bytes += entry{{}, {}, entry_kind::command, c}.weight();
  if (l->uncommitted_bytes > 0 && l->uncommitted_bytes + bytes > options_.max_uncommitted_bytes)
    return answer_with(verdict::too_busy, {});
  log_position first{ballot_.term, log_.last().index + 1};
  for (const auto& c : p.commands)
    append_own(entry_kind::command, c);
  answer_with(verdict::accepted, first);
}

} // namespace troupe::raft
