// An API object: its encoded bytes and the metadata extracted from them.
//
// The bytes are canonical JSON: apiVersion, kind, metadata, then the rest; no spaces; without
// metadata.resourceVersion, which is spliced in on sending (the revision is only known when a write
// is applied) and kept here as meta.version. metadata.managedFields stands last in metadata: who
// reads labels does not pass it, and it is cut out and put in as it is.
#pragma once

#include "config/base/bytes.hpp"
#include "config/base/clock.hpp"
#include "config/base/ids.hpp"
#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::api {

using string_map = std::map<std::string, std::string, std::less<>>;

struct owner {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
  bool operator==(const owner&) const = default;
};

struct metadata {
  std::string name;
  std::string generate_name;
  std::string ns; // empty: cluster-scoped
  std::string uid;
  revision version{}; // resourceVersion
  std::int64_t generation = 0;
  std::optional<instant> created;
  std::optional<instant> deleted;    // deletionTimestamp
  std::optional<std::int64_t> grace; // deletionGracePeriodSeconds
  string_map labels;
  string_map annotations;
  std::vector<owner> owners;
  std::vector<std::string> finalizers;
  bool operator==(const metadata&) const = default;

  /// The owner that manages this object, or null.
  const owner* controller() const;
};

struct object {
  std::string api_version;
  std::string kind;
  metadata meta;
  shared_bytes body; // canonical JSON; never null
  cause_id cause{};  // of the write that made this version
};
using object_ptr = std::shared_ptr<const object>;

/// Reads the metadata of a stored (canonical) body. Fails on malformed JSON or a body without kind.
result<object> parse_object(shared_bytes body, revision version);

/// The canonical encoding of a tree: drops metadata.resourceVersion, orders the head, keeps the
/// rest.
std::string encode(const nlohmann::json& tree);
/// The same with these managedFields, a JSON array as compact text, instead of the tree's own.
/// Empty: none.
std::string encode(const nlohmann::json& tree, std::string_view managed_fields);

/// metadata.managedFields of a canonical body, as it stands there; empty if it has none.
std::string_view managed_fields(std::string_view canonical_body);
/// A canonical body with its metadata.managedFields cut out; `found` is managed_fields() of it.
std::string without(std::string_view canonical_body, std::string_view found);

/// The whole body as a tree, resourceVersion included when `version` is not 0. For changing it.
nlohmann::json to_tree(const object& o);

/// The bytes as a client reads them: `"resourceVersion":"N"` spliced into metadata.
std::string with_version(std::string_view canonical_body, revision version);
void append_with_version(std::string& out, std::string_view canonical_body, revision version);

/// RFC 3339 in UTC: "2026-11-22T16:41:34Z"; micro: with six digits of fraction.
std::string format_time(instant t);
std::string format_micro_time(instant t);
result<instant> parse_time(std::string_view text);

} // namespace troupe::api
