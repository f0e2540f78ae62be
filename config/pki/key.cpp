#include "config/pki/key.hpp"

#include "config/pki/openssl.hpp"

#include <array>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

namespace troupe::pki {
namespace {

constexpr std::size_t coordinate_size = 32; // of P-256

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  invariant(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr)
              == 1,
            "SHA-256 must be available");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string fixed_size(const BIGNUM* number) {
  std::string out(coordinate_size, '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), coordinate_size);
  return out;
}

/// ASN.1 (as OpenSSL signs) to r and s side by side (as JOSE wants them).
result<std::string> to_jose(std::string_view der) {
  const auto* at = bytes_of(der);
  std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>> parsed{
    d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  if (!parsed)
    return openssl_failure("reading a signature");
  return fixed_size(ECDSA_SIG_get0_r(parsed.get())) + fixed_size(ECDSA_SIG_get0_s(parsed.get()));
}

std::string from_jose(std::string_view raw) {
  if (raw.size() != 2 * coordinate_size)
    return {};
  std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>> made{ECDSA_SIG_new()};
  auto* r = BN_bin2bn(bytes_of(raw), coordinate_size, nullptr);
  auto* s = BN_bin2bn(bytes_of(raw) + coordinate_size, coordinate_size, nullptr);
  if (!made || ECDSA_SIG_set0(made.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  auto size = i2d_ECDSA_SIG(made.get(), &der);
  if (size <= 0)
    return {};
  std::string out{reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
  OPENSSL_free(der);
  return out;
}

/// Refuses to ask at a terminal for the pass phrase of an encrypted key.
int no_pass_phrase(char*, int, int, void*) { return 0; }

} // namespace

key::key(evp_pkey_st* native, bool has_private)
    : native_(native, EVP_PKEY_free), has_private_(has_private) {}

key key::adopt(evp_pkey_st* native, bool has_private) { return key{native, has_private}; }

result<key> key::generate() {
  auto* made = EVP_EC_gen("P-256");
  if (made == nullptr)
    return openssl_failure("making a key");
  return key{made, true};
}

result<key> key::from_pem(std::string_view pem) {
  auto in = reading(pem);
  if (auto* read = PEM_read_bio_PrivateKey(in.get(), nullptr, no_pass_phrase, nullptr))
    return key{read, true};
  ERR_clear_error();
  in = reading(pem);
  if (auto* read = PEM_read_bio_PUBKEY(in.get(), nullptr, no_pass_phrase, nullptr))
    return key{read, false};
  return openssl_failure("reading a key", reason::bad_request);
}

std::string key::private_pem() const {
  invariant(has_private_, "the private half of a public key was asked for");
  auto out = writing();
  invariant(
    PEM_write_bio_PKCS8PrivateKey(out.get(), native(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
    "a key must be writable as PEM");
  return written(out.get());
}

std::string key::public_pem() const {
  auto out = writing();
  invariant(PEM_write_bio_PUBKEY(out.get(), native()) == 1, "a key must be writable as PEM");
  return written(out.get());
}

std::string key::public_der() const {
  unsigned char* der = nullptr;
  auto size = i2d_PUBKEY(native(), &der);
  invariant(size > 0, "a public key must be writable as DER");
  std::string out{reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
  OPENSSL_free(der);
  return out;
}

std::string key::public_hash() const { return "sha256:" + sha256_hex(public_der()); }

std::string key::id() const { return base64url(sha256(public_der())); }

result<std::pair<std::string, std::string>> key::coordinates() const {
  BIGNUM* x = nullptr;
  BIGNUM* y = nullptr;
  auto good = EVP_PKEY_get_bn_param(native(), OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1
              && EVP_PKEY_get_bn_param(native(), OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1
              && BN_num_bytes(x) <= static_cast<int>(coordinate_size)
              && BN_num_bytes(y) <= static_cast<int>(coordinate_size);
  std::pair<std::string, std::string> out;
  if (good)
    out = {fixed_size(x), fixed_size(y)};
  BN_free(x);
  BN_free(y);
  if (!good)
    return openssl_failure("reading the coordinates of a key that is not P-256");
  return out;
}

result<std::string> key::sign(std::string_view data) const {
  md_ctx_ptr context{EVP_MD_CTX_new()};
  if (!has_private_ || EVP_PKEY_get_base_id(native()) != EVP_PKEY_EC)
    return failure{.message = "signing needs a private P-256 key"};
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, native()) != 1
      || EVP_DigestSign(context.get(), nullptr, &size, bytes_of(data), data.size()) != 1)
    return openssl_failure("signing");
  std::string der(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                     bytes_of(data), data.size())
      != 1)
    return openssl_failure("signing");
  der.resize(size);
  return to_jose(der);
}

bool key::verify(std::string_view data, std::string_view signature) const {
  std::string der;
  if (EVP_PKEY_get_base_id(native()) == EVP_PKEY_EC) {
    der = from_jose(signature);
    if (der.empty())
      return false;
    signature = der;
  }
  md_ctx_ptr context{EVP_MD_CTX_new()};
  auto good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, native()) == 1
              && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                  bytes_of(data), data.size())
                   == 1;
  ERR_clear_error();
  return good;
}

bool key::same_public(const key& other) const { return EVP_PKEY_eq(native(), other.native()) == 1; }

std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  unsigned pending = 0;
  int bits = 0;
  for (char c : bytes) {
    pending = (pending << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6)
      out += alphabet[(pending >> (bits - 6)) & 63];
  }
  if (bits > 0)
    out += alphabet[(pending << (6 - bits)) & 63];
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : sha256(bytes)) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  invariant(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1,
            "the system must have random numbers");
  return out;
}

} // namespace troupe::pki
