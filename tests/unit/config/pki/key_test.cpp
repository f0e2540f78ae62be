#include "config/pki/key.hpp"

#include <doctest/doctest.h>

namespace troupe::pki {
namespace {

// Made once with `openssl ecparam -genkey`; the hash is `openssl pkey -pubout -outform DER |
// sha256sum`.
constexpr auto known_public = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEh/86daMisARisElQSfEgYzYCZ9if
fGpSwIFT7/skOeC8MjTFm6APK/xSidztX4uErl//mah3EPmMdx6b0XVsEw==
-----END PUBLIC KEY-----
)";
constexpr auto known_hash =
  "sha256:c14373fed14ccc28d86a6f2fc4c8d0a50efb1cc4401d9de8d2b7d5ee2883d17d";

TEST_CASE("key: survives PEM in both halves") {
  auto made = *key::generate();
  auto secret = *key::from_pem(made.private_pem());
  auto open = *key::from_pem(made.public_pem());
  CHECK(secret.has_private());
  CHECK(!open.has_private());
  CHECK(secret.same_public(open));
  CHECK(secret.private_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
  CHECK_THROWS_AS((void)open.private_pem(), broken_invariant);
  CHECK(!key::generate()->same_public(made));
}

TEST_CASE("key: the hash of the public half is that of OpenSSL's own command") {
  CHECK(key::from_pem(known_public)->public_hash() == known_hash);
}

TEST_CASE("key: a signature is checked by the public half and refused for other data or keys") {
  auto secret = *key::generate();
  auto open = *key::from_pem(secret.public_pem());
  auto signature = *secret.sign("header.payload");
  CHECK(signature.size() == 64);
  CHECK(open.verify("header.payload", signature));
  CHECK(!open.verify("header.payloae", signature));
  CHECK(!key::generate()->verify("header.payload", signature));
  CHECK(!open.verify("header.payload", signature.substr(1)));
  CHECK(!open.verify("header.payload", std::string(64, '\0')));
  CHECK(!open.sign("x").has_value());
}

TEST_CASE("key: coordinates have their fixed size") {
  for (int i = 0; i < 300; ++i) { // one in 256 has a leading zero
    auto [x, y] = *key::generate()->coordinates();
    REQUIRE(x.size() == 32);
    REQUIRE(y.size() == 32);
  }
}

TEST_CASE("key: text that is no key is refused") {
  CHECK(key::from_pem("").error().reason == reason::bad_request);
  CHECK(
    key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").error().reason
    == reason::bad_request);
}

TEST_CASE("base64url: has RFC 4648's examples without padding") {
  CHECK(base64url("").empty());
  CHECK(base64url("f") == "Zg");
  CHECK(base64url("fo") == "Zm8");
  CHECK(base64url("foo") == "Zm9v");
  CHECK(base64url("foobar") == "Zm9vYmFy");
  CHECK(base64url("\xfb\xff") == "-_8");
}

TEST_CASE("sha256: has the standard's example") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

} // namespace
} // namespace troupe::pki
