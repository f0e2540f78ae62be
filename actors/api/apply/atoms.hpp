// How server-side apply sees a value: as one thing, as a list of entries, or as fields of their
// own.
#pragma once

#include "actors/api/apply/path_set.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace troupe::apply {

using json = nlohmann::json;

enum class atom : std::uint8_t {
  leaf,   // a scalar, or what is replaced whole
  set,    // a list of different scalars
  keyed,  // a list of objects told apart by their keys
  fields, // an object or a map
};

/// `of` is null for what no schema describes: its objects have fields, its lists are leaves. A
/// value that does not fit its type is a leaf; null fits every type.
atom atom_of(const schema::type* of, const json& value);

struct member {
  const schema::type* of = nullptr; // null: no schema describes it
  const schema::field* declared = nullptr;
};
/// What the type says of a member of an object or a map.
member member_of(const schema::type* of, std::string_view name);

/// The entry's step below its list, which is a `set` or `keyed`. A key that is absent has its
/// default; a key without one is left out.
step entry_step(const schema::type& list, const json& entry);
/// The first key that the entry of a keyed list lacks and that has no default.
std::optional<std::string_view> missing_key(const schema::type& list, const json& entry);

} // namespace troupe::apply
