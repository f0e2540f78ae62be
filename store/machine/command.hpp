// What a log entry may order the state machine to do, and its bytes.
//
// The first byte is the version of the encoding. A leader proposes only versions that all voters
// announced (announce_version): a replica that meets one it cannot decode must stop, because its
// state would diverge.
#pragma once

#include "config/base/result.hpp"
#include "store/base/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::store {

/// The newest version that this program decodes.
inline constexpr std::uint32_t newest_command_version = 1;
/// What every program decodes: announcements are encoded so.
inline constexpr std::uint32_t first_command_version = 1;

/// Versions superseded at or before `upto` may be forgotten; reads below it are answered `expired`.
/// The leader decides when; a revision that was never reached, or is compacted already, changes
/// nothing.
struct compact_history {
  revision upto{};
  bool operator==(const compact_history&) const = default;
};

/// The revision goes on from `to` and everything before it counts as compacted: after a restored
/// backup or a single-survivor recovery, so that no client mistakes an old resourceVersion for a
/// new one.
struct jump_revision {
  revision to{};
  bool operator==(const jump_revision&) const = default;
};

/// A member decodes commands up to version `newest`; 0: the member is gone.
struct announce_version {
  member_id member{};
  std::uint32_t newest = 0;
  bool operator==(const announce_version&) const = default;
};

using command = std::variant<transaction, compact_history, jump_revision, announce_version>;

/// `version`: what all who will decode it know (agreed_version). All versions are laid out alike so
/// far.
std::string encode(const transaction& what, std::uint32_t version = newest_command_version);
std::string encode(const command& what, std::uint32_t version = newest_command_version);
/// Fails with reason::bad_request on bytes that encode() cannot have written, or on a version newer
/// than `newest`.
result<command> decode(std::string_view bytes, std::uint32_t newest = newest_command_version);
/// Of an encoded command; 0: it is none.
std::uint32_t version_of(std::string_view bytes);

} // namespace troupe::store
