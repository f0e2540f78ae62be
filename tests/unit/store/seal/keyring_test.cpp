#include "store/seal/keyring.hpp"

#include <doctest/doctest.h>

namespace troupe::seal {
namespace {

const secret one{.name = "key1", .bytes = std::string(32, 'a')};
const secret two{.name = "key2", .bytes = std::string(16, 'b')};
constexpr auto record = "/registry/core/secrets/default/s";

keyring_ptr ring(std::vector<secret> secrets, bool plain = false) {
  auto made = keyring::make({{.prefixes = {"/registry/core/secrets/"},
                              .secrets = std::move(secrets),
                              .writes_plain = plain}});
  REQUIRE(made);
  return *made;
}

std::string refusal(const keyring_ptr& keys, std::string_view key, std::string_view stored) {
  auto opened = open(keys, key, stored);
  if (opened)
    return {};
  CHECK(opened.error().reason == reason::forbidden);
  return opened.error().message;
}

} // namespace

TEST_CASE("seal: what was sealed opens again, and shows nothing of itself") {
  auto keys = ring({one});
  for (std::string plain : {std::string{}, std::string{"x"}, std::string{"the value of a secret"},
                            std::string(100'000, 'p')}) {
    auto sealed = keys->seal(record, plain);
    CHECK(is_sealed(sealed));
    CHECK(sealed.size() >= plain.size() + 28);
    if (plain.size() > 4)
      CHECK(sealed.find(plain.substr(0, 5)) == std::string::npos);
    auto opened = keys->open(record, sealed);
    REQUIRE(opened);
    CHECK(*opened == plain);
  }
}

TEST_CASE("seal: only what a rule names is sealed") {
  auto keys = ring({one});
  CHECK(keys->seal("/registry/core/configmaps/default/s", "v") == "v");
  CHECK(keys->seal("/registry/core/secretsandmore/default/s", "v") == "v");
  CHECK(*keys->open(record, "plain") == "plain");
  CHECK(ring({one}, true)->seal(record, "v") == "v");
}

TEST_CASE("seal: the same value is the same bytes, of this record and under this key only") {
  auto keys = ring({one});
  auto sealed = keys->seal(record, "v");
  CHECK(ring({one})->seal(record, "v") == sealed);
  CHECK(keys->seal(record, "w") != sealed);
  auto other = keys->seal("/registry/core/secrets/default/t", "v");
  CHECK(other.substr(30) != sealed.substr(30));
  CHECK(ring({two, one})->seal(record, "v") != sealed);
}

TEST_CASE("seal: the first key writes, all of them read; a plain writer reads them too") {
  auto old = ring({one})->seal(record, "v");
  auto both = ring({two, one});
  CHECK(*both->open(record, old) == "v");
  CHECK(*both->open(record, both->seal(record, "v")) == "v");
  CHECK(refusal(ring({one}), record, both->seal(record, "v")).find("the key key2 is not in")
        != std::string::npos);
  CHECK(*ring({one}, true)->open(record, old) == "v");
}

TEST_CASE("seal: nothing opens with a wrong key, under another record's name, or damaged") {
  auto keys = ring({one});
  auto sealed = keys->seal(record, "some value");
  CHECK(refusal(nullptr, record, sealed).find("encryptionProviderConfig is not set")
        != std::string::npos);
  auto impostor = ring({{.name = "key1", .bytes = std::string(32, 'z')}});
  CHECK(refusal(impostor, record, sealed).find("does not open it") != std::string::npos);
  CHECK_FALSE(refusal(keys, "/registry/core/secrets/default/t", sealed).empty());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto bad = sealed;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    INFO("byte " << i);
    if (is_sealed(bad))
      CHECK_FALSE(refusal(keys, record, bad).empty());
  }
  for (std::size_t size = 20; size < sealed.size(); ++size)
    CHECK_FALSE(refusal(keys, record, std::string_view{sealed}.substr(0, size)).empty());
}

TEST_CASE("seal: keys of a wrong size and two of one name are refused") {
  auto made = [](std::vector<secret> s) {
    return keyring::make({{.prefixes = {"/"}, .secrets = std::move(s)}});
  };
  CHECK(
    made({{.name = "k", .bytes = std::string(31, 'a')}}).error().message
    == "read the keys of encryption at rest: the key k has 31 bytes; it must have 16, 24 or 32");
  CHECK_FALSE(made({{.name = "", .bytes = std::string(32, 'a')}}));
  CHECK_FALSE(made({one, {.name = "key1", .bytes = std::string(32, 'b')}}));
  CHECK_FALSE(made({}));
  CHECK(made({one, two}));
}

} // namespace troupe::seal
