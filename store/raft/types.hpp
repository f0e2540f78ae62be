// The nouns of Raft: entries, positions, ballots, members.
#pragma once

#include "config/base/bytes.hpp"
#include "config/base/ids.hpp"
#include "config/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::raft {

inline constexpr member_id nobody{};

/// The host's own number for what it asked; it comes back in the answer. Need not be unique or
/// ordered.
enum class ticket : std::uint64_t {};
/// Numbers the core's writes, from 1, in the order in which the host must perform them.
enum class write_id : std::uint64_t {};
/// Numbers the rounds of heartbeats by which a leader proves that it still leads; 0: no round.
enum class read_round : std::uint64_t {};
/// The host's name for one snapshot that it has taken. Never given twice, not even after a restart:
/// draw it.
enum class snapshot_id : std::uint64_t {};

/// An entry's place. The order is "at least as up to date as" of section 3.6.1 of the thesis.
struct log_position {
  term_id term{};
  log_index index{};
  auto operator<=>(const log_position&) const = default;
};

/// What a member promised: durable before anybody may rely on it.
struct ballot {
  term_id term{};
  member_id voted_for{};
  bool operator==(const ballot&) const = default;
};

enum class entry_kind : std::uint8_t {
  command,       // the host's bytes, which the core never looks into
  empty,         // the first entry of a term (thesis 6.4)
  configuration, // a whole new configuration; counts as soon as it is in the log (thesis 4.1)
};

struct entry {
  term_id term{};
  log_index index{};
  entry_kind kind = entry_kind::command;
  shared_bytes command; // null: no bytes

  log_position position() const { return {term, index}; }
  std::string_view bytes() const {
    return command ? std::string_view{*command} : std::string_view{};
  }
  /// What the entry costs in memory, on the wire and on disk, roughly, in bytes.
  std::uint64_t weight() const { return bytes().size() + 48; }
  bool operator==(const entry& other) const {
    return term == other.term && index == other.index && kind == other.kind
           && bytes() == other.bytes();
  }
};

enum class member_role : std::uint8_t { voter, learner };

struct member {
  member_id id{};
  member_role role = member_role::voter;
  std::string address; // for the hosts; the core only passes it on
  bool operator==(const member&) const = default;
};

/// Who takes part. Members are sorted by id, no id twice.
struct configuration {
  std::vector<member> members;

  const member* find(member_id id) const;
  bool is_voter(member_id id) const;
  std::uint64_t voters() const; // how many
  bool operator==(const configuration&) const = default;
};

struct add_learner {
  member_id id{};
  std::string address;
  bool operator==(const add_learner&) const = default;
};
struct promote { // a learner to a voter; refused until it has caught up
  member_id id{};
  bool operator==(const promote&) const = default;
};
struct remove_member {
  member_id id{};
  bool operator==(const remove_member&) const = default;
};
struct move_member { // to a new address
  member_id id{};
  std::string address;
  bool operator==(const move_member&) const = default;
};
using membership_change = std::variant<add_learner, promote, remove_member, move_member>;

/// The configuration after `change`. Fails with already_exists, not_found, or invalid (the last
/// voter).
result<configuration> changed(const configuration& now, const membership_change& change);

std::string encode(const configuration& members);
/// Never throws; fails with bad_request on anything that `encode` does not produce.
result<configuration> decode_configuration(std::string_view bytes);

/// Where a log starts or a snapshot stands: everything up to `at` is in the state machine.
struct snapshot_mark {
  log_position at;
  configuration members; // as of `at`
  bool operator==(const snapshot_mark&) const = default;
};

} // namespace troupe::raft
