#include "config/pki/jwt.hpp"

#include "config/pki/openssl.hpp"

#include <nlohmann/json.hpp>

#include <openssl/core_names.h>
#include <openssl/pem.h>

namespace troupe::pki {
namespace {

using nlohmann::json;

constexpr std::size_t longest_token = 64U << 10; // bytes; a header field is no longer

failure refused() {
  return {.reason = reason::unauthorized, .message = "the token is malformed or nobody's"};
}

bool is_rsa(const key& k) { return EVP_PKEY_get_base_id(k.native()) == EVP_PKEY_RSA; }
std::string_view algorithm(const key& k) { return is_rsa(k) ? "RS256" : "ES256"; }

int digit(char c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

std::string number_of(const key& k, const char* parameter) {
  BIGNUM* n = nullptr;
  if (EVP_PKEY_get_bn_param(k.native(), parameter, &n) != 1)
    return {};
  std::string out(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
  BN_bn2bin(n, reinterpret_cast<unsigned char*>(out.data()));
  BN_free(n);
  return base64url(out);
}

json as_jwk(const key& k) {
  json out{{"use", "sig"}, {"kid", k.id()}, {"alg", algorithm(k)}};
  if (is_rsa(k)) {
    out["kty"] = "RSA";
    out["n"] = number_of(k, OSSL_PKEY_PARAM_RSA_N);
    out["e"] = number_of(k, OSSL_PKEY_PARAM_RSA_E);
  } else if (auto at = k.coordinates()) {
    out["kty"] = "EC";
    out["crv"] = "P-256";
    out["x"] = base64url(at->first);
    out["y"] = base64url(at->second);
  }
  return out;
}

std::string text_in(const json& tree, const char* name) {
  auto at = tree.find(name);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

} // namespace

result<std::string> from_base64url(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  unsigned pending = 0;
  int bits = 0;
  for (char c : text) {
    auto value = digit(c);
    if (value < 0)
      return failure{.reason = reason::bad_request, .message = "not base64url"};
    pending = (pending << 6) | static_cast<unsigned>(value);
    if ((bits += 6) >= 8)
      out += static_cast<char>((pending >> (bits -= 8)) & 255);
  }
  if (bits >= 6
      || (pending & ((1U << bits) - 1)) != 0) // a digit too many, or bits that say nothing
    return failure{.reason = reason::bad_request, .message = "not base64url"};
  return out;
}

result<std::string> sign_jwt(const key& by, std::string_view claims) {
  json header{{"alg", "ES256"}, {"kid", by.id()}};
  auto signed_part = base64url(header.dump()) + "." + base64url(claims);
  OR_RETURN(auto signature, by.sign(signed_part));
  return signed_part + "." + base64url(signature);
}

result<std::string> verify_jwt(std::string_view token, const std::vector<key>& keys) {
  auto first = token.find('.');
  auto last = token.rfind('.');
  if (token.size() > longest_token || first == token.npos || first == last
      || token.find('.', first + 1) != last)
    return refused();
  auto head = from_base64url(token.substr(0, first));
  auto claims = from_base64url(token.substr(first + 1, last - first - 1));
  auto signature = from_base64url(token.substr(last + 1));
  if (!head || !claims || !signature)
    return refused();
  auto header = json::parse(*head, nullptr, false);
  if (!header.is_object() || header.contains("crit"))
    return refused();
  auto named = text_in(header, "kid");
  auto alg = text_in(header, "alg");
  for (const auto& k : keys)
    if (alg == algorithm(k) && (named.empty() || named == k.id())
        && k.verify(token.substr(0, last), *signature))
      return std::move(*claims);
  return refused();
}

std::string key_set(const std::vector<key>& keys) {
  auto all = json::array();
  for (const auto& k : keys)
    all.push_back(as_jwk(k));
  return json{{"keys", std::move(all)}}.dump();
}

std::vector<key> read_public_keys(std::string_view pem) {
  std::vector<key> out;
  auto in = reading(pem);
  while (auto* read = PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr))
    out.push_back(key::adopt(read, false));
  ERR_clear_error();
  return out;
}

} // namespace troupe::pki
