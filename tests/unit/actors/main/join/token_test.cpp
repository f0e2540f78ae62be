#include "actors/main/join/token.hpp"
#include "config/codec/base64.hpp"
#include "config/pki/certificate.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::join;

namespace {

constexpr instant noon{1'800'000'000s};
const token some{"abcdef", "0123456789abcdef"};

reason why(const token& shown, const nlohmann::json& secret, role wanted, instant now = noon) {
  auto r = check(shown, secret, wanted, now);
  REQUIRE(!r);
  return r.error().reason;
}

} // namespace

TEST_CASE("token: only six and sixteen small letters and digits are one") {
  CHECK(*parse_token("abcdef.0123456789abcdef") == some);
  for (const auto* text :
       {"", ".", "abcdef", "abcdef.", "abcdef.0123456789abcde", "Abcdef.0123456789abcdef",
        "abcdef.0123456789abcdef0", "abcde.0123456789abcdef", "abcdef.0123456789abcd\nf",
        "abcdef.01234567.9abcdef"}) {
    CAPTURE(text);
    CHECK(parse_token(text).error().reason == reason::invalid);
  }
}

TEST_CASE("token: a new one is one, and another each time") {
  auto a = make_token();
  CHECK(*parse_token(a.text()) == a);
  CHECK(make_token() != a);
}

TEST_CASE("token: its Secret has Kubernetes' form") {
  auto s = secret_of(some, role::node, noon + 24h);
  CHECK(s["type"] == "bootstrap.kubernetes.io/token");
  CHECK(s["metadata"]["name"] == "bootstrap-token-abcdef");
  CHECK(s["metadata"]["namespace"] == "kube-system");
  CHECK(*codec::from_base64(s["data"]["token-id"].get<std::string>()) == "abcdef");
  CHECK(*codec::from_base64(s["data"]["expiration"].get<std::string>()) == "2027-01-16T08:00:00Z");
  CHECK(!secret_of(some, role::node, {})["data"].contains("expiration"));
}

TEST_CASE("token: its Secret lets in until it expires, and only whom it is for") {
  auto s = secret_of(some, role::node, noon + 1h);
  CHECK(check(some, s, role::node, noon));
  CHECK(why(some, s, role::master) == reason::forbidden);
  CHECK(why(some, s, role::node, noon + 1h) == reason::unauthorized);
  CHECK(check(some, secret_of(some, role::node, {}), role::node, noon + 100000h));
  auto m = secret_of(some, role::master, noon + 1h);
  CHECK(check(some, m, role::master, noon));
  CHECK(check(some, m, role::node, noon));
}

TEST_CASE("token: a wrong one, and a Secret that is no token's, let nobody in") {
  auto s = secret_of(some, role::master, noon + 1h);
  CHECK(why({"abcdef", "0123456789abcdee"}, s, role::node) == reason::unauthorized);
  CHECK(why({"abcdeg", "0123456789abcdef"}, s, role::node) == reason::unauthorized);
  auto without = [&](const char* key) {
    auto other = s;
    other["data"].erase(key);
    return other;
  };
  CHECK(why(some, without("token-secret"), role::node) == reason::unauthorized);
  CHECK(why({"abcdef", ""}, without("token-secret"), role::node) == reason::unauthorized);
  CHECK(why(some, without("usage-bootstrap-authentication"), role::node) == reason::unauthorized);
  CHECK(why(some, without("auth-extra-groups"), role::master) == reason::forbidden);
  auto opaque = s;
  opaque["type"] = "Opaque";
  CHECK(why(some, opaque, role::node) == reason::unauthorized);
  auto odd = s;
  odd["data"]["expiration"] = codec::to_base64("tomorrow");
  CHECK(why(some, odd, role::node) == reason::unauthorized);
  CHECK(why(some, nlohmann::json::object(), role::node) == reason::unauthorized);
}

TEST_CASE("ca hash: sha256 and hex digits, as an authority gives it") {
  auto ca = *pki::authority::generate("kubernetes", noon);
  CHECK(is_ca_hash(ca.hash()));
  CHECK(ca.cert().public_key().public_hash() == ca.hash());
  CHECK(!is_ca_hash("sha256:abc"));
  CHECK(!is_ca_hash(ca.hash() + "0"));
  CHECK(!is_ca_hash("sha512" + ca.hash().substr(6)));
}
