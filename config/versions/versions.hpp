// The served versions of a kind: which of them is stored, and how an object becomes one of another.
//
// Objects are stored in one version, the hub; the others are converted through it. Most differ in
// their name only; what else differs is one row of a table (rows.cpp).
#pragma once

#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace troupe::versions {

/// The version in which a kind is stored. A custom kind: the first that its catalog lists.
const schema::resource& stored_as(const schema::catalog& all, const schema::resource& of);

/// Turns an object of one version of a kind, as its apiVersion and kind say, into one of `to`, a
/// version of the same kind. The types of the tree were checked; parts may be missing or null, as
/// they are in an applied configuration. Says `to`'s apiVersion and kind.
void convert(nlohmann::json& tree, const schema::resource& to);

/// Whether the canonical bytes of an object (apiVersion first) are of this version.
bool speaks(std::string_view body, const schema::resource& of);

} // namespace troupe::versions
