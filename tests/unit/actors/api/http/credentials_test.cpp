#include "actors/api/http/credentials.hpp"

#include <doctest/doctest.h>

namespace troupe::http {
namespace {

request with(fields f, bool certificate = false) {
  request out{.method = "GET", .target = "/api", .fields = std::move(f), .body = {}, .from = {}};
  if (certificate)
    out.from.who = pki::identity{"jane", {}};
  return out;
}

TEST_CASE("credentials: a bearer token is taken, anything else is nobody's") {
  auto of = [](const char* text) { return credentials_of(with({{"Authorization", text}})); };
  CHECK(of("Bearer a.b.c")->token == "a.b.c");
  CHECK(of("bearer   a.b.c")->token == "a.b.c");
  for (const char* bad : {"Basic x", "Bearer", "Bearer ", "Bearer a b", "a.b.c", ""})
    CHECK(of(bad).error().reason == reason::unauthorized);
  CHECK(!credentials_of(with({{"Authorization", "Bearer a"}, {"authorization", "Bearer b"}})));
  CHECK(credentials_of(with({}))->token.empty());
  CHECK(credentials_of(with({{"Authorization", "Basic x"}}, true))->token.empty());
}

TEST_CASE("credentials: whom to be taken for, with groups, uid and extra") {
  auto all = credentials_of(with({{"Impersonate-User", "jane"},
                                  {"impersonate-group", "devs"},
                                  {"Impersonate-Group", "ops"},
                                  {"Impersonate-Uid", "u"},
                                  {"Impersonate-Extra-acme.com%2Fscopes", "a"},
                                  {"Impersonate-Extra-Acme.com%2fScopes", "b"}}));
  REQUIRE(all);
  REQUIRE(all->as);
  CHECK(all->as->name == "jane");
  CHECK(all->as->groups == std::vector<std::string>{"devs", "ops"});
  CHECK(all->as->uid == "u");
  CHECK(all->as->extra
        == std::map<std::string, std::vector<std::string>>{{"acme.com/scopes", {"a", "b"}}});
  CHECK(credentials_of(with({{"Impersonate-Group", "devs"}})).error().reason
        == reason::bad_request);
  CHECK(!credentials_of(with({}, true))->as);
}

} // namespace
} // namespace troupe::http
