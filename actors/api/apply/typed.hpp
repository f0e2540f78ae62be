// The four operations on objects that server-side apply is made of, along their schema.
#pragma once

#include "actors/api/apply/path_set.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace troupe::apply {

/// The fields that an applied object states: its leaves, the entries of its lists and maps.
path_set fields_of(const schema::type& of, const nlohmann::json& tree);

struct difference {
  path_set changed; // modified, or there for the first time
  path_set removed;
  bool empty() const { return changed.empty() && removed.empty(); }
};
difference compare(const schema::type& of, const nlohmann::json& before,
                   const nlohmann::json& after);
/// What `tree` says beyond an object that was just made: one of a built-in kind has its spec and
/// status already.
difference compare_with_nothing(const schema::type& of, const nlohmann::json& tree);

/// `live` with all that `config` states; what it does not mention stays. A list has the order of
/// `config`, with the other entries kept in their places.
nlohmann::json merge(const schema::type& of, const nlohmann::json& live,
                     const nlohmann::json& config);

/// Removes what `last` has and `owned` no longer: fields whose only owner stopped applying them.
void prune(const schema::type& of, nlohmann::json& tree, const path_set& last,
           const path_set& owned);

/// What makes `config` inapplicable: fields that the schema does not know, entries that stand twice
/// or lack their keys. Each as `PATH: what is wrong`. Quantities given as numbers become text.
std::vector<std::string> check_config(const schema::type& of, nlohmann::json& config);

} // namespace troupe::apply
