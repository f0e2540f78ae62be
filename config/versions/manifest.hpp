// Files of objects: read in whatever encoding they are, turned into another version, written in any
// encoding. Offline, by the schema of the built-in kinds alone.
#pragma once

#include "config/base/result.hpp"
#include "config/codec/protobuf_unknown.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::versions {

/// An object, or a list of objects (v1 List, PodList).
struct manifest {
  nlohmann::json tree;
  codec::unknown_fields unknown; // of one that was protobuf
};

/// JSON values one behind the other, YAML documents, or one object in Kubernetes' protobuf: told
/// apart by how they begin. Values of built-in kinds have the types that their schema says; fields
/// it does not know are kept. Fails with invalid.
result<std::vector<manifest>> read_manifests(const schema::catalog& kinds, std::string_view bytes);

/// Turns an object, or the objects of a list, into the version `api_version` ("apps/v1", "v1").
/// Fails with bad_request when no such version is served, with invalid when the object's kind is
/// not in it.
result<void> to_version(const schema::catalog& kinds, manifest& m, std::string_view api_version);

enum class encoding : std::uint8_t { json, yaml, protobuf };
/// One text: several objects are YAML documents, or the items of a List in JSON; protobuf holds
/// one. Fails with invalid when the encoding cannot say what is there.
result<std::string> write_manifests(const schema::catalog& kinds, std::vector<manifest> all,
                                    encoding as);

} // namespace troupe::versions
