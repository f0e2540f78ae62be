// What a request shows beside its connection's certificate: a bearer token, and whom the asker
// wants to be taken for.
#pragma once

#include "actors/api/http/message.hpp"
#include "config/api/request.hpp"

namespace troupe::http {

/// A certificate comes first: with one, the token is not looked at. Fails with unauthorized for an
/// Authorization field that is no bearer token, and with bad_request for Impersonate- fields
/// without a user.
result<api::credentials> credentials_of(const request& from);

} // namespace troupe::http
