// Versions of one kind: which is stored, and how an object is turned from one into another.
#pragma once

#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace troupe::pipeline {

/// The version of a kind in which it is stored: the preferred one of its group; events live in
/// core.
const schema::resource& storage_version(const schema::catalog& catalog, const schema::resource& of);

/// Renames or moves what differs between two versions of a kind; sets apiVersion.
void convert(nlohmann::json& tree, const schema::resource& to);

} // namespace troupe::pipeline
