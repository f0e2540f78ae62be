// Bootstrap tokens: what a machine shows that wants to join, and the Secret that stands for it.
// Pure but for make_token.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace troupe::join {

enum class role : std::uint8_t { master, node };
std::string_view text_of(role r); // "master", "node"

/// "abcdef.0123456789abcdef": the part before the dot is no secret.
struct token {
  std::string id;     // [a-z0-9]{6}
  std::string secret; // [a-z0-9]{16}
  bool operator==(const token&) const = default;

  std::string text() const { return id + "." + secret; }
  std::string secret_name() const { return "bootstrap-token-" + id; }
};

/// Fails with invalid.
result<token> parse_token(std::string_view text);
/// A new one that nobody can guess.
token make_token();

/// "sha256:" and 64 lower-case hex digits, as kubeadm's --discovery-token-ca-cert-hash.
bool is_ca_hash(std::string_view text);

/// The Secret in kube-system, of Kubernetes' form (type bootstrap.kubernetes.io/token). A token for
/// masters is in the group system:bootstrappers:troupe:masters. No `expires`: it is good for ever.
nlohmann::json secret_of(const token& t, role permits, std::optional<instant> expires);

/// Whether `shown` is the token of this Secret and still good, then whether it permits `wanted`.
/// Fails with unauthorized, or forbidden. Takes the same time for every wrong secret.
result<void> check(const token& shown, const nlohmann::json& secret, role wanted, instant now);

} // namespace troupe::join
