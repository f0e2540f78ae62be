// How objects become responses: JSON, YAML, protobuf, Table, PartialObjectMetadata.
#pragma once

#include "config/api/request.hpp"
#include "config/schema/schema.hpp"
#include "store/base/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// The form in which a client wants objects of a kind.
struct form {
  schema::catalog_ptr catalog;
  const schema::resource* of = nullptr;
  const schema::type* type = nullptr; // of the objects; of->of, or a subresource's kind
  api::wanted wanted;
  instant now{}; // what ages are counted to
};

/// One object: `body` is canonical and of version_for() this form.
api::response answer_object(const form& f, std::string_view body, revision version, int code);

/// One entry of a list.
struct list_entry {
  shared_bytes body; // canonical, of version_for() the form
  revision version{};
};
struct list_head {
  revision version{};
  std::string next;                       // continue token
  std::optional<std::uint64_t> remaining; // remainingItemCount
};
api::response answer_list(const form& f, std::vector<list_entry> entries, const list_head& head);

/// An object in the form wanted, as bytes that stand inside a watch event; `body` as above.
std::string encode_object(const form& f, std::string_view body, revision version);

/// `body` in the version of `to`; the same bytes when it already is.
shared_bytes in_version(const shared_bytes& body, const schema::resource& to);

/// The version in which this form takes its objects: `of`, but the stored one for a Table and for
/// PartialObjectMetadata, which Kubernetes makes of the stored object.
const schema::resource& version_for(const form& f);

} // namespace troupe::pipeline
