// Service-account tokens: bound JWTs, what they say, and whether what they are bound to still
// exists.
#pragma once

#include "actors/api/auth/impersonate.hpp"
#include "config/base/clock.hpp"
#include "config/pki/jwt.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::authn {

/// The cluster's keys for tokens and what its tokens say of themselves. Never changed: shared.
struct token_authority {
  pki::key signs;                     // private
  std::vector<pki::key> verifies;     // public halves: `signs`, and what signed before it
  std::string issuer;                 // of the tokens it makes and takes
  std::vector<std::string> audiences; // the API's own
  std::string key_set_address;        // https://.../openid/v1/jwks
  std::int64_t most_seconds = 0;      // longer wishes are shortened; 0: no bound
};
using token_authority_ptr = std::shared_ptr<const token_authority>;

/// An object of a name, and which one of that name.
struct reference {
  std::string name;
  std::string uid;
  bool operator==(const reference&) const = default;
};

/// What a token says.
struct token_claims {
  std::string ns;
  reference account;
  std::optional<reference> pod{};
  std::optional<reference> secret{};
  std::optional<reference> node{}; // with a pod: where it is bound
  std::vector<std::string> audiences{};
  std::string id{}; // jti
  instant issued{};
  instant expires{};
  bool operator==(const token_claims&) const = default;
};

result<std::string> issue(const token_authority& by, const token_claims& what);

/// What a token says, if one of the keys signed it and this authority issued it. Says nothing of
/// the time and of the store: that is check(). Fails with unauthorized.
result<token_claims> read(const token_authority& by, std::string_view token);

struct token_user {
  api::user who;
  std::vector<std::string> audiences; // those that were asked for and are the token's
};
/// Whether the token holds now, for one of `audiences`: its dates (a minute's difference of clocks
/// is allowed), and that the account, the pod and whatever else it is bound to exist with the same
/// uid. Fails with unauthorized.
result<token_user> check(const token_claims& claims, const std::vector<std::string>& audiences,
                         instant now, const store::view& view);

/// Reads tokens and remembers those whose signature was good: a signature costs a hundred
/// microseconds. Not thread-safe.
class token_reader {
public:
  result<token_claims> read(const token_authority& by, std::string_view token);

private:
  static constexpr std::size_t most = 1024;             // tokens remembered
  std::unordered_map<std::string, token_claims> known_; // by the SHA-256 of the token
};

} // namespace troupe::authn
