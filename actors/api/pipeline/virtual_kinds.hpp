// Requests that are not about an object of the store as a whole: questions and orders, put as a
// create of a kind that is never stored, or to a subresource of its own making.
#pragma once

#include "actors/api/pipeline/context.hpp"

namespace troupe::pipeline {

using virtual_handler = result<step> (*)(context&);

/// What answers the request's resource, subresource and verb; null: the ordinary verbs do.
virtual_handler virtual_kind(const context& c);

/// Each decodes its own kind; all are answered without a write (reviews.cpp).
result<step> review_access(context& c); // SubjectAccessReview and its two variants
result<step> review_rules(context& c);  // SelfSubjectRulesReview
result<step> review_self(context& c);   // SelfSubjectReview
result<step> review_token(context& c);  // TokenReview (tokens.cpp)
result<step> request_token(context& c); // serviceaccounts/token (tokens.cpp)
result<step> tokens_not_served(context& c);

/// The tree as the answer of a create.
step answer_created(const context& c, const schema::resource& of, const json& tree, bool from_view);

} // namespace troupe::pipeline
