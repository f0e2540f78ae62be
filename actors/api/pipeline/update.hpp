// Replacing an object that is there: shared by update, patch, scale and the small subresources.
#pragma once

#include "actors/api/apply/managers.hpp"
#include "actors/api/pipeline/context.hpp"

namespace troupe::pipeline {

/// What takes the place of an object.
struct replacement {
  json tree;                               // may carry the managedFields that the client sent
  bool client_version = false;             // the client named the version that it replaces
  std::optional<apply::managers> owners{}; // of an apply, which knows; else the change is recorded
};
/// Stores it in the place of `old`: confined to the subresource, checked, counted, or gone when it
/// only waited for its last finalizer.
result<step> replace_object(context& c, const found& old, replacement with);

/// resourceVersion of a body; nothing when it says none. Fails with bad_request.
result<std::optional<revision>> version_in(const json& tree);

/// The patch of the request applied to `current`, an object of type `of`.
result<json> apply_patch(context& c, json current, const schema::type& of, const json& document);

/// The uid that a body names is the object's. Fails with conflict.
result<void> check_uid(const context& c, const json& tree, const json& old);

/// Whether an object is being deleted and nothing holds it any more.
bool ready_to_go(const context& c, const json& tree);

} // namespace troupe::pipeline
