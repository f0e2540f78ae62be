// The promises of Raft (figure 3.2 of the thesis), checked at every step of every core in the
// world, and the steps themselves, told to whoever wants to strike right behind one.
#pragma once

#include "store/raft/witness.hpp"
#include "tests/simulation/report.hpp"

#include <functional>
#include <map>

namespace troupe::sim {

/// What a step ordered: a crash right behind it leaves it undone, or half done.
enum class boundary : std::uint8_t {
  ballot_saved,
  entries_written,
  vote_granted,
  entries_acknowledged,
  entries_applied,
  log_cut,
  log_reset,
  members_changed,
  leader_won,
  snapshot_sent,
  snapshot_stored,
  snapshot_installed,
};
inline constexpr std::size_t boundaries = 12;
std::string_view name_of(boundary b);

class raft_laws final : public raft::witness {
public:
  explicit raft_laws(report& to) : to_(to) {}
  void stepped(const raft::core& who, const raft::event& what, const raft::effects& todo) override;

  /// Told after the checks.
  std::function<void(member_id who, boundary what)> at;
  /// A member lost its memory, so that what it says starts anew. To be told of every start.
  void born(member_id who) { applied_.erase(who); }
  std::uint64_t elections() const { return leaders_.size(); }
  /// How many there are, as a leader saw it last.
  std::uint64_t voters() const { return voters_; }

private:
  struct written {
    term_id before{}; // of the entry in front
    std::size_t hash = 0;
    bool operator==(const written&) const = default;
  };
  struct committed {
    term_id term{};
    std::size_t hash = 0;
    term_id known_in{}; // not before the term in which it was committed
  };
  void check_append(const raft::core& who, const std::vector<raft::entry>& entries);
  void check_applied(const raft::core& who, const std::vector<raft::entry>& entries);
  void check_leader(const raft::core& who, const raft::leadership& now);
  void tell(const raft::core& who, const raft::effects& todo);

  report& to_;
  std::map<term_id, member_id> leaders_;
  std::map<raft::log_position, written> written_;
  std::map<log_index, committed> committed_;
  std::map<member_id, log_index> applied_; // in this life
  std::uint64_t voters_ = 0;
};

} // namespace troupe::sim
