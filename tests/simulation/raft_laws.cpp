#include "tests/simulation/raft_laws.hpp"

#include <algorithm>
#include <array>

namespace troupe::sim {
namespace {

std::size_t hash_of(const raft::entry& e) {
  auto kind = static_cast<std::size_t>(e.kind);
  return std::hash<std::string_view>{}(e.bytes()) * 31 + kind;
}

std::string text(raft::log_position at) { return to_string(at.term) + "/" + to_string(at.index); }

template <class Body> bool holds(const std::vector<raft::letter>& letters, auto&& wanted) {
  return std::any_of(letters.begin(), letters.end(), [&](const raft::letter& l) {
    const auto* body = std::get_if<Body>(&l.body);
    return body && wanted(*body);
  });
}

template <class Order> bool orders(const raft::effects& todo) {
  return std::any_of(todo.snapshots.begin(), todo.snapshots.end(),
                     [](const auto& o) { return std::holds_alternative<Order>(o); });
}

} // namespace

std::string_view name_of(boundary b) {
  static constexpr std::array<std::string_view, boundaries> names{
    "a ballot",       "a write",      "a vote",         "an acknowledgement",
    "an application", "a cut",        "a reset log",    "a change of members",
    "a victory",      "a chunk sent", "a chunk stored", "an installation"};
  return names[static_cast<std::size_t>(b)];
}

void raft_laws::stepped(const raft::core& who, const raft::event&, const raft::effects& todo) {
  if (who.look().leadership.role == raft::role_name::leader)
    voters_ = who.members().voters();
  check_append(who, todo.append);
  check_applied(who, todo.apply);
  if (todo.leadership)
    check_leader(who, *todo.leadership);
  if (at)
    tell(who, todo);
}

// Log matching: one position means one command and one entry in front of it, wherever it is.
void raft_laws::check_append(const raft::core& who, const std::vector<raft::entry>& entries) {
  if (entries.empty())
    return;
  auto before = who.log().term_at(entries.front().index - 1);
  if (!before)
    return to_.violation("an entry is written behind a gap, at "
                         + text(entries.front().position()));
  for (const auto& e : entries) {
    written what{*before, hash_of(e)};
    auto [known, fresh] = written_.emplace(e.position(), what);
    if (!fresh && known->second != what)
      to_.violation("logs do not match at " + text(e.position()));
    before = e.term;
  }
}

// State machine safety: everybody applies the same entries in the same order and leaves none out.
void raft_laws::check_applied(const raft::core& who, const std::vector<raft::entry>& entries) {
  if (entries.empty())
    return;
  auto now = who.look().ballot.term;
  for (const auto& e : entries) {
    committed what{e.term, hash_of(e), now};
    auto [known, fresh] = committed_.emplace(e.index, what);
    if (!fresh && (known->second.term != what.term || known->second.hash != what.hash))
      to_.violation("applied " + text(e.position()) + " where an entry of term "
                    + to_string(known->second.term) + " was applied");
    auto& last = applied_[who.self()];
    if (last >= e.index)
      to_.violation(text(e.position()) + " is handed out twice in one life");
    last = e.index;
  }
}

// Election safety, and leader completeness: a leader's log holds all that was committed in earlier
// terms.
void raft_laws::check_leader(const raft::core& who, const raft::leadership& now) {
  if (now.role != raft::role_name::leader)
    return;
  auto [known, fresh] = leaders_.emplace(now.term, who.self());
  if (known->second != who.self())
    to_.violation("two leaders in term " + to_string(now.term));
  if (!fresh)
    return;
  const auto& log = who.log();
  for (auto i = committed_.upper_bound(log.start().at.index); i != committed_.end(); ++i) {
    if (i->second.known_in >= now.term)
      break; // a late victory: a newer leader may have committed this already
    if (log.term_at(i->first) != i->second.term)
      return to_.violation("the leader of term " + to_string(now.term) + " lacks the entry "
                           + text({i->second.term, i->first}) + " that was committed before");
  }
}

void raft_laws::tell(const raft::core& who, const raft::effects& todo) {
  auto if_so = [&](bool so, boundary b) {
    if (so)
      at(who.self(), b);
  };
  auto any = [](const auto&) { return true; };
  auto configures = [](const raft::entry& e) { return e.kind == raft::entry_kind::configuration; };
  if_so(todo.save_ballot.has_value(), boundary::ballot_saved);
  if_so(!todo.append.empty(), boundary::entries_written);
  if_so(holds<raft::vote_answer>(todo.send_after_sync, [](const auto& v) { return v.granted; }),
        boundary::vote_granted);
  if_so(holds<raft::append_accepted>(todo.send_after_sync, any), boundary::entries_acknowledged);
  if_so(!todo.apply.empty(), boundary::entries_applied);
  if_so(todo.cut_head.has_value(), boundary::log_cut);
  if_so(todo.reset_log.has_value(), boundary::log_reset);
  if_so(std::any_of(todo.append.begin(), todo.append.end(), configures), boundary::members_changed);
  if_so(todo.leadership && todo.leadership->role == raft::role_name::leader, boundary::leader_won);
  if_so(holds<raft::snapshot_chunk>(todo.send_now, any), boundary::snapshot_sent);
  if_so(orders<raft::store_chunk>(todo), boundary::snapshot_stored);
  if_so(orders<raft::install_snapshot>(todo), boundary::snapshot_installed);
}

} // namespace troupe::sim
