// Who asks, and whether they may: what a worker knows for it, and how it keeps that up to date.
#pragma once

#include "actors/api/server/job.hpp"

namespace troupe::api_server {

/// Who a request is from: the user of its connection, or whom its token makes of it, or who that
/// one wants to be taken for. Fails with unauthorized, forbidden or bad_request.
result<api::user> authenticate(api_state& s, const api::user& connected,
                               const api::credentials& shown, instant now, const store::view& view);

/// Begins to follow the roles and bindings of the store. What it has not heard of yet is made up
/// for by policy::sync before anything is refused.
void follow_policy(pointer self);

/// What verifies the cluster's tokens, for those outside of it (OIDC discovery); nothing: the path
/// is no such document.
std::optional<api::response> identity_document(const authn::token_authority_ptr& tokens,
                                               std::string_view path);

} // namespace troupe::api_server
