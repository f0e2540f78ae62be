#include "config/pki/certificate.hpp"

#include <doctest/doctest.h>

namespace troupe::pki {
namespace {

constexpr instant now{std::chrono::seconds{1'800'000'000}};

TEST_CASE("authority: what it issues carries the identity, the names and the usage asked for") {
  auto ca = *authority::generate("kubernetes", now);
  subject about{.who = {"system:node:n1", {"system:nodes", "second"}},
                .dns = {"n1", "*.example.org"},
                .ips = {"10.99.0.3", "fd00::1"},
                .use = usage::both};
  auto given = *ca.issue(about, now);
  CHECK(given.cert.about() == about);
  CHECK(given.cert.signed_by(ca.cert()));
  CHECK(!given.cert.signed_by(authority::generate("kubernetes", now)->cert()));
  CHECK(!given.cert.is_authority());
  CHECK(ca.cert().is_authority());
  for (auto use : {usage::server, usage::client})
    CHECK(ca.issue({.who = {"x", {}}, .use = use}, now)->cert.about().use == use);
}

TEST_CASE("authority: certificates begin a little before now and end after their life") {
  auto ca = *authority::generate("kubernetes", now);
  auto cert = ca.issue(admin_subject(), now, 1h)->cert;
  CHECK(cert.not_before() == now - 5min);
  CHECK(cert.not_after() == now + 1h);
  CHECK(cert.valid_at(now));
  CHECK(!cert.valid_at(now + 1h));
  CHECK(!cert.valid_at(now - 6min));
}

TEST_CASE("authority: comes back from PEM and signs on") {
  auto ca = *authority::generate("kubernetes", now);
  auto again = *authority::from_pem(ca.cert().to_pem(), ca.secret().private_pem());
  CHECK(again.hash() == ca.hash());
  CHECK(again.issue(admin_subject(), now)->cert.signed_by(ca.cert()));
}

TEST_CASE("authority: a key of another, or a certificate that may not sign, is refused") {
  auto ca = *authority::generate("kubernetes", now);
  auto other = *authority::generate("other", now);
  CHECK(authority::from_pem(ca.cert().to_pem(), other.secret().private_pem()).error().reason
        == reason::bad_request);
  auto leaf = *ca.issue(admin_subject(), now);
  CHECK(authority::from_pem(leaf.cert.to_pem(), leaf.secret.private_pem()).error().reason
        == reason::bad_request);
}

TEST_CASE("authority: names that would smuggle further entries in are refused") {
  auto ca = *authority::generate("kubernetes", now);
  for (const auto* name : {"a,DNS:evil", "", "a b", "a\nb", "email:x@y"})
    CHECK(ca.issue({.who = {"x", {}}, .dns = {name}}, now).error().reason == reason::invalid);
  for (const auto* ip : {"1.2.3", "1.2.3.4,DNS:evil", "localhost"})
    CHECK(ca.issue({.who = {"x", {}}, .ips = {ip}}, now).error().reason == reason::invalid);
  CHECK(ca.issue({.who = {std::string(65, 'x'), {}}}, now).error().reason == reason::invalid);
}

TEST_CASE("signing request: carries what is asked for to the authority") {
  auto secret = *key::generate();
  auto about = node_subject("n1");
  about.ips = {"10.0.0.1"};
  auto asked = *signing_request::from_pem(signing_request::make(secret, about)->to_pem());
  CHECK(asked.about() == about);
  CHECK(asked.public_key().same_public(secret));
  auto ca = *authority::generate("kubernetes", now);
  auto cert = *ca.sign(asked.public_key(), asked.about(), now);
  CHECK(cert.about() == about);
  CHECK(read_credential(cert.to_pem(), secret.private_pem()).has_value());
}

TEST_CASE("signing request: one that was changed is refused") {
  auto pem = signing_request::make(*key::generate(), node_subject("n1"))->to_pem();
  auto at = pem.size() / 2;
  pem[at] = pem[at] == 'A' ? 'B' : 'A';
  CHECK(signing_request::from_pem(pem).error().reason == reason::bad_request);
}

TEST_CASE("bundle: every certificate of the text is read") {
  auto a = *authority::generate("a", now);
  auto b = *authority::generate("b", now);
  auto all = *read_bundle(a.cert().to_pem() + "between\n" + b.cert().to_pem());
  REQUIRE(all.size() == 2);
  CHECK(all[1].who().name == "b");
  CHECK(read_bundle("nothing").error().reason == reason::bad_request);
}

} // namespace
} // namespace troupe::pki
