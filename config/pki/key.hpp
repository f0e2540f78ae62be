// A key pair (ECDSA P-256) as a value: made, read, written as PEM, used to sign.
#pragma once

#include "config/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st; // OpenSSL's EVP_PKEY

namespace troupe::pki {

/// Holds the private half, or only the public one. Copies share the key; nothing changes it.
class key {
public:
  /// A new P-256 key pair from OpenSSL's generator.
  static result<key> generate();
  /// Reads a private key (PKCS#8, SEC1, PKCS#1) or a public key (SubjectPublicKeyInfo) in PEM;
  /// RSA is read too, for certificates that others made.
  static result<key> from_pem(std::string_view pem);
  /// Takes over OpenSSL's reference.
  static key adopt(evp_pkey_st* native, bool has_private);

  bool has_private() const { return has_private_; }
  /// PKCS#8. Requires has_private().
  std::string private_pem() const;
  /// SubjectPublicKeyInfo.
  std::string public_pem() const;
  /// SubjectPublicKeyInfo in DER.
  std::string public_der() const;
  /// "sha256:" and the hex SHA-256 of public_der(): kubeadm's --discovery-token-ca-cert-hash.
  std::string public_hash() const;
  /// The `kid` that Kubernetes gives a service-account key: base64url of the SHA-256 of
  /// public_der().
  std::string id() const;
  /// X and Y of a P-256 key, 32 bytes each, as a JWK set shows them. Fails for RSA.
  result<std::pair<std::string, std::string>> coordinates() const;

  /// ES256 (RFC 7518 3.4): r and s, 32 bytes each. Requires a private P-256 key.
  result<std::string> sign(std::string_view data) const;
  /// Checks an ES256 signature, or RS256 when the key is RSA.
  bool verify(std::string_view data, std::string_view signature) const;

  bool same_public(const key& other) const;
  evp_pkey_st* native() const { return native_.get(); }

private:
  key(evp_pkey_st* native, bool has_private);

  std::shared_ptr<evp_pkey_st> native_;
  bool has_private_ = false;
};

/// RFC 4648 section 5 without padding, as JWTs use it.
std::string base64url(std::string_view bytes);
/// Lower-case hex of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes);
/// `count` bytes from OpenSSL's generator, for tokens and identifiers that must not be guessed.
std::string random_bytes(std::size_t count);

} // namespace troupe::pki
