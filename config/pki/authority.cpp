#include "config/pki/x509.hpp"

#include <openssl/rand.h>

namespace troupe::pki {
namespace {

constexpr duration backdated = 5min; // so that peers whose clock is behind accept it at once
constexpr std::size_t serial_bytes = 16;

result<void> set_serial(X509* of) {
  auto bytes = random_bytes(serial_bytes);
  bytes[0] = static_cast<char>((bytes[0] & 0x7f) | 0x40); // positive, and always of full length
  auto* number =
    BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), serial_bytes, nullptr);
  auto good = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(of)) != nullptr;
  BN_free(number);
  if (!good)
    return openssl_failure("giving a certificate its number");
  return {};
}

result<void> set_life(X509* of, instant now, duration life) {
  auto from = std::chrono::system_clock::to_time_t(now - backdated);
  auto until = std::chrono::system_clock::to_time_t(now + life);
  if (ASN1_TIME_set(X509_getm_notBefore(of), from) == nullptr
      || ASN1_TIME_set(X509_getm_notAfter(of), until) == nullptr)
    return openssl_failure("dating a certificate");
  return {};
}

/// All that certificates of authorities and of others have in common.
result<x509_ptr> begin(const identity& who, const key& public_key, instant now, duration life) {
  x509_ptr out{X509_new()};
  OR_RETURN(auto name, to_name(who));
  CHECK_RETURN(set_serial(out.get()));
  CHECK_RETURN(set_life(out.get(), now, life));
  if (X509_set_version(out.get(), X509_VERSION_3) != 1
      || X509_set_subject_name(out.get(), name.get()) != 1
      || X509_set_pubkey(out.get(), public_key.native()) != 1)
    return openssl_failure("making a certificate for " + who.name);
  return out;
}

result<certificate> finish(x509_ptr made, const X509* issuer, const key& secret) {
  if (X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) != 1)
    return openssl_failure("naming the issuer of a certificate");
  CHECK_RETURN(add_extension(made.get(), issuer, NID_authority_key_identifier, "keyid"));
  if (X509_sign(made.get(), secret.native(), EVP_sha256()) == 0)
    return openssl_failure("signing a certificate");
  return certificate::adopt(made.release());
}

} // namespace

result<authority> authority::generate(std::string_view name, instant now, duration life) {
  OR_RETURN(auto secret, key::generate());
  OR_RETURN(auto made, begin({.name = std::string{name}}, secret, now, life));
  CHECK_RETURN(add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE"));
  CHECK_RETURN(add_extension(made.get(), made.get(), NID_key_usage,
                             "critical,digitalSignature,keyEncipherment,keyCertSign"));
  CHECK_RETURN(add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash"));
  auto* self = made.get();
  OR_RETURN(auto cert, finish(std::move(made), self, secret));
  return authority{{std::move(cert), std::move(secret)}};
}

result<authority> authority::from_pem(std::string_view certificate_pem, std::string_view key_pem) {
  OR_RETURN(auto self, read_credential(certificate_pem, key_pem));
  if (!self.cert.is_authority())
    return failure{.reason = reason::bad_request,
                   .message =
                     "the certificate of " + self.cert.who().name + " is not an authority's"};
  return authority{std::move(self)};
}

result<credential> authority::issue(const subject& about, instant now, duration life) const {
  OR_RETURN(auto secret, key::generate());
  OR_RETURN(auto cert, sign(secret, about, now, life));
  return credential{std::move(cert), std::move(secret)};
}

result<certificate> authority::sign(const key& public_key, const subject& granted, instant now,
                                    duration life) const {
  OR_RETURN(auto made, begin(granted.who, public_key, now, life));
  OR_RETURN(auto names, alternative_names(granted));
  const auto* issuer = self_.cert.native();
  CHECK_RETURN(add_extension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE"));
  CHECK_RETURN(
    add_extension(made.get(), issuer, NID_key_usage, "critical,digitalSignature,keyEncipherment"));
  CHECK_RETURN(add_extension(made.get(), issuer, NID_ext_key_usage, usages(granted.use)));
  if (!names.empty())
    CHECK_RETURN(add_extension(made.get(), issuer, NID_subject_alt_name, names));
  return finish(std::move(made), issuer, self_.secret);
}

} // namespace troupe::pki
