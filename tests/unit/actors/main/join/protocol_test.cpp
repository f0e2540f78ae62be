#include "actors/main/join/protocol.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::join;

namespace {

constexpr instant noon{1'800'000'000s};

request asks(role r, const pki::key& key, const std::string& name = "m2") {
  request out{
    .role = r, .name = name, .address = "10.0.0.2", .link_port = 7443, .certificate_request = {}};
  if (r == role::node)
    out.link_port = 0;
  out.certificate_request = pki::signing_request::make(key, subject_of(out))->to_pem();
  return out;
}

} // namespace

TEST_CASE("join: request and answer are read back") {
  auto key = *pki::key::generate();
  auto m = asks(role::master, key);
  CHECK(*read_request(encode(m)) == m);
  auto n = asks(role::node, key);
  CHECK(*read_request(encode(n)) == n);
  answer a{.certificate = "c",
           .ca = "a",
           .settings = "x: y",
           .masters = {"m1=10.0.0.1:7443"},
           .secrets = {{"ca.key", "k"}}};
  CHECK(*read_answer(encode(a)) == a);
}

TEST_CASE("join: a body that lacks something or lies about its form is refused") {
  auto key = *pki::key::generate();
  auto good = nlohmann::json::parse(encode(asks(role::master, key)));
  auto with = [&](const char* field, const nlohmann::json& value) {
    auto other = good;
    other[field] = value;
    return other.dump();
  };
  REQUIRE(read_request(good.dump()));
  for (const auto& body :
       {std::string{}, std::string{"[]"}, std::string{"{"}, good.dump() + "x", with("role", "king"),
        with("role", 1), with("name", "M2"), with("name", "-m"), with("name", "a.b"),
        with("name", ""), with("name", std::string(64, 'a')), with("address", "here"),
        with("address", "10.0.0.2:1"), with("linkPort", 0), with("linkPort", 70000),
        with("linkPort", "7443"), with("certificateRequest", nullptr)}) {
    CAPTURE(body);
    CHECK(read_request(body).error().reason == reason::bad_request);
  }
}

TEST_CASE("join: a name that is alive, or a voter's, is not given twice") {
  auto r = asks(role::node, *pki::key::generate(), "n1");
  CHECK(check_name(r, {}));
  CHECK(check_name(r, {{.name = "n2", .voter = true, .linked = true}}));
  CHECK(check_name(r, {{.name = "n1", .voter = false, .linked = false}})); // comes back
  CHECK(check_name(r, {{.name = "n1", .voter = false, .linked = true}}).error().reason
        == reason::already_exists);
  CHECK(check_name(r, {{.name = "n1", .voter = true, .linked = false}}).error().reason
        == reason::already_exists);
}

TEST_CASE("join: a certificate says what the token permits, not what the request asks for") {
  auto ca = *pki::authority::generate("kubernetes", noon);
  auto key = *pki::key::generate();
  auto r = asks(role::node, key, "n1");
  auto given = certify(ca, r, noon);
  REQUIRE(given);
  CHECK(given->signed_by(ca.cert()));
  CHECK(given->public_key().same_public(key));
  CHECK(given->who() == pki::node_subject("n1").who);
  CHECK(given->about().ips == std::vector<std::string>{"10.0.0.2"});
  // A node's request with an administrator's groups gets a node's; another name gets nothing.
  auto greedy = pki::node_subject("n1");
  greedy.who.groups = {"system:masters"};
  r.certificate_request = pki::signing_request::make(key, greedy)->to_pem();
  CHECK(certify(ca, r, noon)->who() == pki::node_subject("n1").who);
  r.certificate_request = pki::signing_request::make(key, pki::admin_subject())->to_pem();
  CHECK(certify(ca, r, noon).error().reason == reason::bad_request);
  r.certificate_request =
    "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
  CHECK(certify(ca, r, noon).error().reason == reason::bad_request);
}

TEST_CASE("join: what makes a master arrives whole, or not at all") {
  auto shared = *pki::make_shared_secrets(noon);
  answer a{.certificate = "c",
           .ca = shared.ca.cert().to_pem(),
           .settings = "s",
           .masters = {},
           .secrets = to_files(shared)};
  auto got = from_files(a);
  REQUIRE(got);
  CHECK(got->ca.hash() == shared.ca.hash());
  CHECK(got->service_accounts.id() == shared.service_accounts.id());
  CHECK(got->front_proxy.cert.to_pem() == shared.front_proxy.cert.to_pem());
  for (const auto& [name, content] : to_files(shared)) {
    CAPTURE(name);
    auto lacking = a;
    lacking.secrets.erase(name);
    CHECK(!from_files(lacking));
  }
}
