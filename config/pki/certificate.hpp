// Certificates, requests for them, and the authority that signs: values over OpenSSL 3.
//
//   OR_RETURN(auto ca, pki::authority::generate("kubernetes", now));
//   OR_RETURN(auto admin, ca.issue(pki::admin_subject(), now));
#pragma once

#include "config/base/clock.hpp"
#include "config/pki/key.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;     // OpenSSL's X509
struct X509_req_st; // OpenSSL's X509_REQ

namespace troupe::pki {

/// Who a certificate speaks for: the common name is the user, the organizations are the groups.
struct identity {
  std::string name;
  std::vector<std::string> groups;
  bool operator==(const identity&) const = default;
};

enum class usage : std::uint8_t { server, client, both };

/// What a certificate is asked or issued for.
struct subject {
  identity who;
  std::vector<std::string> dns; // host names it may serve
  std::vector<std::string> ips; // addresses it may serve, as text
  usage use = usage::client;
  bool operator==(const subject&) const = default;
};

subject admin_subject();                         // kubernetes-admin, system:masters
subject node_subject(std::string_view node);     // system:node:NODE, system:nodes; both usages
subject master_subject(std::string_view master); // system:troupe:master:NAME, system:troupe:masters

/// An X.509 certificate. Copies share it; nothing changes it.
class certificate {
public:
  /// The first certificate of the text.
  static result<certificate> from_pem(std::string_view pem);
  /// Takes over OpenSSL's reference.
  static certificate adopt(x509_st* native);

  std::string to_pem() const;
  identity who() const;
  /// The subject alternative names, and the extended key usage.
  subject about() const;
  instant not_before() const;
  instant not_after() const;
  bool valid_at(instant now) const { return not_before() <= now && now < not_after(); }
  bool is_authority() const;
  key public_key() const;
  /// Whether `issuer` signed it; says nothing about dates.
  bool signed_by(const certificate& issuer) const;
  x509_st* native() const { return native_.get(); }

private:
  explicit certificate(x509_st* native);

  std::shared_ptr<x509_st> native_;
};

/// Every certificate of a bundle, in order. Fails when there is none.
result<std::vector<certificate>> read_bundle(std::string_view pem);

/// A certificate with the key that belongs to it.
struct credential {
  certificate cert;
  key secret;
};
/// Fails when the key does not belong to the certificate.
result<credential> read_credential(std::string_view certificate_pem, std::string_view key_pem);

/// A request for a certificate (PKCS#10).
class signing_request {
public:
  static result<signing_request> make(const key& secret, const subject& about);
  /// Fails also when its signature is not by the key inside.
  static result<signing_request> from_pem(std::string_view pem);

  std::string to_pem() const;
  /// What it asks for; `use` is both when it names no extended key usage.
  subject about() const;
  key public_key() const;

private:
  explicit signing_request(X509_req_st* native);

  std::shared_ptr<X509_req_st> native_;
};

constexpr duration authority_life = 24h * 3650;
constexpr duration certificate_life = 24h * 365;

/// A certificate authority: signs for `life` from five minutes before `now` (clocks differ).
class authority {
public:
  static result<authority> generate(std::string_view name, instant now,
                                    duration life = authority_life);
  /// Fails when the key does not belong to the certificate or that may not sign.
  static result<authority> from_pem(std::string_view certificate_pem, std::string_view key_pem);

  const certificate& cert() const { return self_.cert; }
  const key& secret() const { return self_.secret; }
  /// "sha256:..." by which a joining node recognizes this authority.
  std::string hash() const { return self_.secret.public_hash(); }

  /// A new key and a certificate for it.
  result<credential> issue(const subject& about, instant now,
                           duration life = certificate_life) const;
  /// A certificate for somebody's public key. The caller decides what is granted; nothing of a
  /// request is believed here.
  result<certificate> sign(const key& public_key, const subject& granted, instant now,
                           duration life = certificate_life) const;

private:
  explicit authority(credential self) : self_(std::move(self)) {}

  credential self_;
};

} // namespace troupe::pki
