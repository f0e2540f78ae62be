// What the verbs of the pipeline share: one request on its way, and the writing of its object.
#pragma once

#include "actors/api/pipeline/keys.hpp"
#include "actors/api/pipeline/pipeline.hpp"
#include "config/api/object.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::pipeline {

using json = nlohmann::json;

/// A request whose resource is known. Lives through one call of prepare().
struct context {
  const api::request& request;
  const store::view& view;
  const environment& env;
  const schema::resource& of;     // as the request's version has it
  const schema::resource& stored; // as the store has it
  const schema::subresource* sub = nullptr;
  std::vector<std::string> warnings;
  std::string object_name =
    request.name; // of the object, as soon as it is known: for what is said of it

  std::string key() const { return key_in(request.ns, request.name); }
  std::string key_in(std::string_view ns, std::string_view name) const;
  std::string prefix() const; // of the request's namespace, or of all
  bool built_in() const;      // not of a CRD
};

/// An object of the store as a tree in the request's version.
struct found {
  store::record_ptr record;
  json tree;               // without resourceVersion and managedFields
  std::string_view owners; // managedFields as they are stored; lives as long as the record

  revision version() const { return record->modified; }
};

failure not_found(const context& c, std::string_view name);
failure conflict(const context& c, std::string_view name, std::string_view why = {});
/// The answer when the fence of a write was of an older term: nothing was done.
api::response scope_ended(const context& c);
failure bad_request(std::string message);
failure forbidden(const context& c, std::string_view name, std::string_view why);
/// `pods "x" is ...` for the resource of `c`: qualified name and quoted name.
std::string subject(const schema::resource& of, std::string_view name);

/// A stored body as a tree; discarded or not an object when it is none.
json read_tree(std::string_view body);
/// Fails with internal when the stored bytes are no object.
result<found> read_record(const context& c, store::record_ptr record);
/// Fails with not_found.
result<found> fetch(const context& c, std::string_view ns, std::string_view name);

/// What is to be done to one object, and what it then looks like.
struct object_write {
  store::transaction what; // the object's own operation first, its predicate first
  json tree;               // in the request's version: what the client is shown
  std::string owners;      // its managedFields
  revision before{};       // its version when nothing of it changes
  bool changes = true;     // the object's own operation is there
  int code = 200;
  bool client_version = false; // the client named the version it meant: a conflict is its to solve
};
/// Dry runs end here; others become a write.
step finish(context& c, object_write w);

/// Whether the request speaks the version that is stored, as most do.
bool speaks_stored(const context& c);
/// A tree of the request's version in the stored one.
json as_stored(const context& c, const json& tree);

/// The canonical bytes of a tree in the stored version, with its managedFields.
std::string stored_bytes(const context& c, const json& tree, std::string_view owners);

/// Adds the namespace predicate of a new object. Fails with not_found or forbidden.
result<void> require_namespace(const context& c, store::transaction& tx);

result<step> get_object(context& c);
result<step> list_objects(context& c);
result<step> plan_watch(context& c);
result<step> create_object(context& c);
result<step> update_object(context& c);
result<step> patch_object(context& c);
/// Server-side apply; makes the object when there is none.
result<step> apply_object(context& c);
result<step> remove_object(context& c);
result<step> remove_collection(context& c);
result<step> bind_pod(context& c);
result<step> evict_pod(context& c);
result<step> scale_object(context& c);

} // namespace troupe::pipeline
