// JSON Web Tokens in compact form (RFC 7515): signed with ES256, read and checked with ES256 or
// RS256. What the claims say is the caller's business.
#pragma once

#include "config/pki/key.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::pki {

/// HEADER.CLAIMS.SIGNATURE; `claims` is JSON. Requires a private P-256 key.
result<std::string> sign_jwt(const key& by, std::string_view claims);

/// The claims, as JSON text, of a token that one of `keys` signed: the one that the header's `kid`
/// names, or any when it names none. Fails with unauthorized; never with the reason's details.
result<std::string> verify_jwt(std::string_view token, const std::vector<key>& keys);

/// A JWK Set (RFC 7517) of the public halves.
std::string key_set(const std::vector<key>& keys);

/// Every public key of a text with many (PEM), in order; empty if there is none.
std::vector<key> read_public_keys(std::string_view pem);

/// The inverse of base64url(): nothing but the alphabet, no padding.
result<std::string> from_base64url(std::string_view text);

} // namespace troupe::pki
