// From bytes that a client sent to a checked tree.
#pragma once

#include "actors/api/pipeline/context.hpp"

namespace troupe::pipeline {

/// The request's body as a tree of `of`'s kind in the request's version: well-formed, of the right
/// kind, types checked, unknown fields handled as fieldValidation says, nulls and unknown fields
/// gone. `kind` names what is expected when it is not c.of's (a Scale, a Binding). Fails with
/// bad_request.
result<json> decode_body(context& c, const schema::resource& of);

/// The same checks on a tree that a patch made. Fails with invalid.
result<void> check_patched(context& c, const schema::resource& of, json& tree, const json& patch);

/// A body as a plain tree, whatever its media type. Fails with bad_request.
result<json> parse_body(const context& c, const schema::resource* of);

/// DeleteOptions of a body, merged into those of the query.
result<api::options> delete_options(context& c);

/// metadata.namespace and metadata.name agree with the path, or are filled in from it.
result<void> match_path(context& c, json& tree);

} // namespace troupe::pipeline
