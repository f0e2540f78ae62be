// Which field of the schema an entry of a message is. For the sources of config/codec.
#pragma once

#include "config/schema/schema.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace troupe::codec {

/// The numbers of embedded messages that lead to the fields in hand.
using place = std::array<std::uint8_t, 2>;

inline const schema::field* find_field(const schema::type& of, std::uint32_t number, place at) {
  auto found = std::ranges::find_if(
    of.fields, [&](const schema::field& f) { return f.wire == number && f.wire_in == at; });
  return found == of.fields.end() ? nullptr : &*found;
}

/// The place of the fields embedded as `number` at `at`, if there are any.
inline std::optional<place> find_embedded(const schema::type& of, std::uint32_t number, place at) {
  if (number > std::numeric_limits<std::uint8_t>::max() || at[1] != 0)
    return {};
  auto inner = at;
  inner[at[0] == 0 ? 0 : 1] = static_cast<std::uint8_t>(number);
  bool any = std::ranges::any_of(of.fields, [&](const schema::field& f) {
    return f.wire_in == inner || (inner[1] == 0 && f.wire_in[0] == inner[0]);
  });
  return any ? std::optional(inner) : std::nullopt;
}

} // namespace troupe::codec
