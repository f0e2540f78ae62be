#include "config/base/random.hpp"
#include "store/etcd/mirror.hpp"
#include "store/etcd/translate.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace troupe;

namespace {

const etcd::key_space keys{"/troupe"};

etcd::record record(const std::string& key, const std::string& value, std::uint64_t at,
                    std::uint64_t created = 0) {
  return {.key = key,
          .value = value,
          .created = revision{created == 0 ? at : created},
          .modified = revision{at}};
}
etcd::event put(const std::string& key, const std::string& value, std::uint64_t at,
                std::uint64_t created = 0) {
  return {.erased = false, .now = record(key, value, at, created), .before = {}};
}
etcd::event erase(const std::string& key, std::uint64_t at) {
  return {.erased = true, .now = record(key, "", at), .before = {}};
}
etcd::event head(std::uint64_t at, std::uint64_t cause = 0) {
  return put(keys.head(), etcd::head_text(cause_id{cause}), at, 1);
}

etcd::mirror loaded(const etcd::mirror_limits& limits = {}) {
  etcd::mirror m{keys, limits};
  m.load({record(keys.data("/a"), "1", 5), record(keys.data("/b"), "2", 7),
          record(keys.election(1), "master-1", 6), record(keys.head(), etcd::head_text({}), 7, 1)});
  REQUIRE(m.loaded(revision{9}));
  return m;
}

} // namespace

TEST_CASE("etcd mirror: what was loaded is there, at the revision of the last transaction") {
  auto m = loaded();
  CHECK(m.at() == revision{7});
  CHECK(m.seen() == revision{9});
  CHECK(*m.current()->get("/a")->value == "1");
  CHECK(m.candidates().at(revision{6}).name == "master-1");
}

TEST_CASE("etcd mirror: a prefix without a head is no store") {
  etcd::mirror m{keys};
  m.load({record(keys.data("/a"), "1", 5)});
  auto r = m.loaded(revision{9});
  REQUIRE(!r);
  CHECK(r.error().reason == reason::conflict);
}

TEST_CASE("etcd mirror: the changes of one transaction share its revision and its cause") {
  auto m = loaded();
  auto got = m.take({.at = revision{12},
                     .events = {put(keys.data("/c"), "3", 11), erase(keys.data("/a"), 11),
                                head(11, 99), put(keys.data("/c"), "4", 12, 11), head(12)}});
  REQUIRE(got.changes.size() == 3);
  CHECK(got.changes[0]->at == revision{11});
  CHECK(!got.changes[0]->last);
  CHECK(got.changes[0]->cause == cause_id{99});
  CHECK(got.changes[1]->at == revision{11});
  CHECK(got.changes[1]->last);
  CHECK(*got.changes[1]->before->value == "1");
  CHECK(got.changes[2]->before->value == got.changes[0]->now->value);
  CHECK(m.at() == revision{12});
  CHECK(m.current()->at() == revision{12});
  CHECK(m.current()->get("/a") == nullptr);
}

TEST_CASE("etcd mirror: what was taken is not taken again when a watch starts anew") {
  auto m = loaded();
  (void)m.take({.at = {}, .events = {put(keys.data("/c"), "3", 11), head(11)}});
  auto again = m.take(
    {.at = {},
     .events = {put(keys.data("/c"), "3", 11), head(11), put(keys.data("/d"), "4", 13), head(13)}});
  REQUIRE(again.changes.size() == 1);
  CHECK(again.changes[0]->key() == "/d");
}

TEST_CASE("etcd mirror: elections and masters move no version") {
  auto m = loaded();
  auto got =
    m.take({.at = {},
            .events = {put(keys.election(2), "master-2", 10),
                       put(keys.master("master-2"), "h:1", 11), erase(keys.election(1), 12)}});
  CHECK(got.candidates);
  CHECK(got.masters);
  CHECK(m.at() == revision{7});
  CHECK(m.seen() == revision{12});
  CHECK(m.candidates().begin()->second.name == "master-2");
  CHECK(m.masters().at("master-2") == "h:1");
}

TEST_CASE("etcd mirror: sealed values lie sealed in etcd, and open only with their secret") {
  auto secrets = seal::keyring::make(
    {{.prefixes = {"/registry/core/secrets/"}, .secrets = {{"k1", std::string(32, 'x')}}}});
  REQUIRE(secrets);
  store::transaction t;
  t.then = {{store::operation::kind::put, "/registry/core/secrets/a", "hush"}};
  auto order = etcd::to_txn(keys, t, "", *secrets);
  REQUIRE(order);
  const auto& sealed = order->then.front().value;
  CHECK(sealed.find("hush") == std::string::npos);
  std::vector<etcd::record> page{record(order->then.front().key, sealed, 5),
                                 record(keys.head(), etcd::head_text({}), 5, 1)};
  etcd::mirror with{keys, {}, *secrets};
  with.load(std::vector<etcd::record>{page});
  REQUIRE(with.loaded(revision{9}));
  CHECK(*with.current()->get("/registry/core/secrets/a")->value == "hush");
  etcd::mirror without{keys};
  without.load(std::move(page));
  auto refused = without.loaded(revision{9});
  REQUIRE(!refused);
  CHECK(refused.error().reason == reason::forbidden);
}

TEST_CASE("etcd mirror: every revision that memory reaches is as it was") {
  random_source chance{7};
  auto m = loaded({.changes = 200, .bytes = 1U << 20U, .stride = 16});
  std::map<std::uint64_t, std::map<std::string, std::string>> truth;
  std::map<std::string, std::string> now{{"/a", "1"}, {"/b", "2"}};
  std::map<std::string, std::uint64_t> created{{"/a", 5}, {"/b", 7}};
  std::uint64_t at = 20;
  for (int i = 0; i < 500; ++i) {
    etcd::news news;
    for (auto n = chance.below(3) + 1; n > 0; --n) {
      at += 1 + chance.below(3); // others write to etcd too
      for (int k = 0; k < 2; ++k) {
        auto key = "/k" + std::to_string(2 * chance.below(20) + static_cast<std::uint64_t>(k));
        if (now.contains(key) && chance.below(3) == 0) {
          news.events.push_back(erase(keys.data(key), at));
          now.erase(key);
        } else {
          auto value = std::to_string(chance());
          if (!now.contains(key))
            created[key] = at;
          news.events.push_back(put(keys.data(key), value, at, created[key]));
          now[key] = value;
        }
      }
      news.events.push_back(head(at));
      truth[at] = now;
    }
    (void)m.take(std::move(news));
  }
  int reached = 0;
  for (const auto& [version, then] : truth) {
    auto view = m.past(revision{version});
    if (!view)
      continue;
    ++reached;
    std::map<std::string, std::string> got;
    view->scan({}, [&](const store::record_ptr& r) {
      got[r->key] = *r->value;
      return true;
    });
    CHECK(got == then);
    CHECK(view->at() == revision{version});
  }
  CHECK(reached >= 90);
  CHECK(reached < 110);
  CHECK(m.past(revision{at + 1}) == nullptr);
}
