// Opening a store whose log overwrites what its rows have under a key that is gone.
#include "actors/storage/open.hpp"
#include "store/kv/memory_engine.hpp"
#include "tests/support/memory_disk.hpp"

#include <doctest/doctest.h>

using namespace troupe;

namespace {

seal::keyring_ptr ring(std::vector<std::string> names) {
  std::vector<seal::secret> secrets;
  for (auto& name : names)
    secrets.push_back({.name = name, .bytes = std::string(32, name.back())});
  return *seal::keyring::make({{.prefixes = {"s/"}, .secrets = std::move(secrets)}});
}

raft::entry put(std::uint64_t index, const std::string& value) {
  auto bytes =
    store::encode(store::transaction{.when = {}, .then = {{.key = "s/a", .value = value}}});
  return {.term = term_id{1},
          .index = log_index{index},
          .kind = raft::entry_kind::command,
          .command = std::make_shared<const std::string>(std::move(bytes))};
}

} // namespace

TEST_CASE("open: a key that the log overwrites may be gone, one that it does not is missed") {
  for (bool overwritten : {true, false}) {
    auto disk = std::make_shared<wal::memory_disk>();
    auto rows = std::make_shared<store::memory_engine>();
    auto open = [&](const seal::keyring_ptr& keys) {
      return storage::open_store({.directory = "store",
                                  .cluster = "c",
                                  .member = "m1",
                                  .founders = {"m1=10.0.0.1:1"},
                                  .keys = keys},
                                 disk, rows, {});
    };
    auto old = ring({"key1"});
    auto fresh = ring({"key2"});
    {
      auto first = open(old);
      REQUIRE(first);
      auto one = put(1, old->seal("s/a", "v"));
      auto two = put(2, (overwritten ? fresh : old)->seal("s/a", "w"));
      REQUIRE(first->log->append({.ballot = {}, .reset = {}, .entries = {one, two}}));
      REQUIRE(first->log->close());
      store::committed_entry applied{one.index, one.term, one.bytes()};
      REQUIRE(first->state->apply({&applied, 1}));
    }
    auto again = open(fresh);
    CHECK(again.has_value() == overwritten);
    if (!again)
      CHECK(again.error().message
            == "open s/a, which is sealed: the key key1 is not in encryptionProviderConfig");
    else
      CHECK(again->recovered.applied == log_index{1});
  }
}
