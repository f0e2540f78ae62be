// Walks a JSON tree along its type: what is unknown, what is of the wrong type, what is missing;
// and brings it into the form that is stored (defaults, no nulls, canonical scalars).
//
//   auto unknown = unknown_fields(*pod->of, tree);   // {"spec.containers[0].imagee"}
//   apply_defaults(*pod->of, tree);
//   auto causes = check(*pod->of, tree);             // empty: of the right shape
#pragma once

#include "config/base/failure.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace troupe::schema {

/// What a walk meets. A visitor may change the value it is given; the walk goes on into what is
/// there afterwards.
class visitor {
public:
  virtual ~visitor() = default;
  /// A value and its type, before its parts. `path` is that of the value, "" for the root.
  /// False: do not go into it. The value may not match the type.
  virtual bool enter(const std::string& path, const type& of, nlohmann::json& value) = 0;
  /// A member of `object` that its type does not name; true removes it.
  virtual bool unknown(const std::string& path, const nlohmann::json& object) {
    (void)path, (void)object;
    return false;
  }
};

/// Visits `tree` and, in order, every part of it that `of` describes. Parts of type `any` are
/// entered but not gone into. `path` is put before every path.
void walk(const type& of, nlohmann::json& tree, visitor& with, std::string path = {});

/// `base.key`, or `base[key]` when the key is no plain field name; `key` alone below the root.
std::string join_path(std::string_view base, std::string_view key);

/// Paths of the fields that the type does not know, in the tree's order; at most `limit`.
std::vector<std::string> unknown_fields(const type& of, const nlohmann::json& tree,
                                        std::size_t limit = 100);
/// Removes the fields that the type does not know.
void prune(const type& of, nlohmann::json& tree);

/// Values of another JSON type than declared, out of their integer's range, or not in their
/// format; at most `limit`. FieldValueTypeInvalid.
std::vector<cause> check_types(const type& of, const nlohmann::json& tree, std::size_t limit = 100);
/// Missing required fields (not below a top-level `status`) and values that their closed
/// enumeration lacks; at most `limit`. FieldValueRequired, FieldValueNotSupported.
/// The empty string counts as not given where it is not one of the values.
std::vector<cause> check_values(const type& of, const nlohmann::json& tree,
                                std::size_t limit = 100);

/// Removes nulls (a null for a required list becomes an empty one, a null element the zero value of
/// its type) and turns numbers given for quantities into text. The tree is of the right types.
void normalize(const type& of, nlohmann::json& tree);
/// Sets the defaults of absent fields in every object that is there, and below objects that a
/// default makes present. A zero value counts as absent where the field says so.
void apply_defaults(const type& of, nlohmann::json& tree);

} // namespace troupe::schema
