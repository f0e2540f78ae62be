// Whose an object is: controllers adopt orphans that their selector matches and release what it no
// longer matches.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/selector.hpp"

namespace troupe::control {

enum class tie : std::uint8_t {
  mine,    // controlled by the owner, and selected
  adopt,   // nobody's, and selected
  release, // controlled by the owner, but no longer selected
  other,   // not our business
};

/// An owner that is being deleted keeps what it has and adopts nothing.
tie tie_of(const api::metadata& who, const api::metadata& owner,
           const api::label_selector& selector);

/// Makes `owner` the controller of `who`.
patch adopt(const resource& of, const api::metadata& who, const api::owner& owner);
/// Takes the reference with `owner_uid` away.
patch release(const resource& of, const api::metadata& who, const std::string& owner_uid);

} // namespace troupe::control
