#include "store/seal/configuration.hpp"

#include <doctest/doctest.h>

namespace troupe::seal {
namespace {

constexpr auto head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
// base64 of 32 and 16 bytes
constexpr auto long_key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
constexpr auto short_key = "MDEyMzQ1Njc4OTAxMjM0NQ==";

std::string rule_text(const std::string& resources, const std::string& providers) {
  return "- resources: [" + resources + "]\n  providers: [" + providers + "]\n";
}
std::string keys_text(const std::string& name, const std::string& secret) {
  return "{aesgcm: {keys: [{name: " + name + ", secret: '" + secret + "'}]}}";
}
keyring_ptr read(const std::string& rules) {
  auto out = read_configuration(head + ("resources:\n" + rules));
  if (!out)
    FAIL(out.error().message);
  return *out;
}
std::string refusal(const std::string& yaml) {
  auto out = read_configuration(yaml);
  REQUIRE_FALSE(out);
  CHECK(out.error().reason == reason::invalid);
  return out.error().message;
}
bool seals(const keyring_ptr& keys, std::string_view key) {
  return is_sealed(keys->seal(key, "v"));
}

} // namespace

TEST_CASE("encryption configuration: resources name what is sealed, the first rule counts") {
  auto keys = read(rule_text("secrets, deployments.apps", keys_text("a", long_key))
                   + rule_text("'*.apps', '*.'", "{identity: {}}")
                   + rule_text("'*.*'", keys_text("b", short_key)));
  CHECK(seals(keys, "/registry/core/secrets/default/s"));
  CHECK(seals(keys, "/registry/apps/deployments/default/d"));
  CHECK_FALSE(seals(keys, "/registry/apps/replicasets/default/r"));
  CHECK_FALSE(seals(keys, "/registry/core/configmaps/default/c"));
  CHECK(seals(keys, "/registry/batch/jobs/default/j"));
  CHECK_FALSE(seals(keys, "/allocations/clusterips/10.96.0.1"));
}

TEST_CASE("encryption configuration: identity first writes plainly and still reads") {
  auto sealing = read(rule_text("secrets", keys_text("a", long_key) + ", {identity: {}}"));
  auto plain = read(rule_text("secrets", "{identity: {}}, " + keys_text("a", long_key)));
  auto sealed = sealing->seal("/registry/core/secrets/x/y", "v");
  CHECK(is_sealed(sealed));
  CHECK_FALSE(seals(plain, "/registry/core/secrets/x/y"));
  CHECK(*plain->open("/registry/core/secrets/x/y", sealed) == "v");
}

TEST_CASE("encryption configuration: what is wrong is said in one line") {
  CHECK(refusal("kind: Pod").find("it must be an EncryptionConfiguration") != std::string::npos);
  CHECK(refusal(head).find("it has no resources") != std::string::npos);
  auto of = [](const std::string& rules) { return refusal(head + ("resources:\n" + rules)); };
  CHECK(of(rule_text("secrets", "{kms: {}}")).find("the provider kms is not known")
        != std::string::npos);
  CHECK(of(rule_text("secrets", "{aesgcm: {}}")).find("aesgcm needs keys") != std::string::npos);
  CHECK(of(rule_text("secrets", keys_text("a", "!!"))).find("in base64") != std::string::npos);
  CHECK(of(rule_text("secrets", keys_text("a", "YWJj"))).find("has 3 bytes") != std::string::npos);
  CHECK(of(rule_text("'*'", keys_text("a", long_key))).find("*.*") != std::string::npos);
  CHECK(of(rule_text("pods/status", keys_text("a", long_key))).find("is no resource")
        != std::string::npos);
  CHECK(of(rule_text("", keys_text("a", long_key))).find("needs resources") != std::string::npos);
}

} // namespace troupe::seal
