#include "store/kv/memory_engine.hpp"
#include "store/mvcc/backup.hpp"
#include "store/mvcc/replica.hpp"

#include <doctest/doctest.h>

#include <deque>

namespace troupe::store {
namespace {

const seal::secret one{.name = "key1", .bytes = std::string(32, 'a')};
const seal::secret two{.name = "key2", .bytes = std::string(32, 'b')};

seal::keyring_ptr ring(std::vector<seal::secret> secrets) {
  return *seal::keyring::make({{.prefixes = {"s/"}, .secrets = std::move(secrets)}});
}

struct sealed_store {
  std::shared_ptr<memory_engine> rows = std::make_shared<memory_engine>();
  std::optional<replica_state> state;

  explicit sealed_store(seal::keyring_ptr keys) { REQUIRE(reopen(std::move(keys))); }
  result<void> reopen(seal::keyring_ptr keys, own_log log = {}) {
    auto opened =
      replica_state::open(rows, {.keys = std::move(keys), .bugs = {}, .log = std::move(log)});
    if (!opened)
      return opened.error();
    state.emplace(std::move(*opened));
    return {};
  }
  result<std::vector<applied_entry>> put(const std::string& key, const std::string& value) {
    auto command = encode(transaction{.when = {}, .then = {{.key = key, .value = value}}});
    committed_entry next{state->facts().applied + 1, term_id{1}, command};
    return state->apply({&next, 1});
  }
  std::string get(const std::string& key) {
    auto found = state->current()->get(key);
    return found ? *found->value : std::string{};
  }
  /// Everything that the engine has.
  std::string all_rows() {
    auto reader = rows->read();
    std::string out;
    for (auto cursor = reader->walk({}, {}); cursor->valid(); cursor->next())
      out.append(cursor->key()).append(cursor->value());
    return out;
  }
};

/// The entries of a log behind `applied`.
struct tail {
  log_index applied;
  std::deque<std::string> commands; // they stay where they are
  std::vector<committed_entry> entries;

  void put(const std::string& key, const std::string& value) {
    commands.push_back(encode(transaction{.when = {}, .then = {{.key = key, .value = value}}}));
    entries.push_back({applied + entries.size() + 1, term_id{1}, commands.back()});
  }
  own_log log() const {
    return {.last = applied + entries.size(),
            .from = [this](log_index from, const auto& visit) -> result<void> {
              CHECK(from == applied + 1);
              for (const auto& e : entries)
                CHECK_RETURN(visit(e));
              return {};
            }};
  }
};

} // namespace

TEST_CASE("sealed: views, histories and changes are open, rows, snapshots and backups are not") {
  auto keys = ring({one});
  sealed_store s{keys};
  auto done = s.put("s/a", keys->seal("s/a", "the plain text"));
  REQUIRE(done);
  CHECK(*done->front().changes.front()->now->value == "the plain text");
  REQUIRE(s.put("p/a", "not sealed"));
  auto again = s.put("s/a", keys->seal("s/a", "second text"));
  REQUIRE(again);
  CHECK(*again->front().changes.front()->before->value == "the plain text");
  CHECK(s.get("s/a") == "second text");
  CHECK(s.get("p/a") == "not sealed");
  std::size_t seen = 0;
  s.state->current()->scan({.prefix = "s/"}, [&](const record_ptr& r) {
    seen += *r->value == "second text" ? 1 : 0;
    return true;
  });
  CHECK(seen == 1);
  auto past = s.state->past();
  auto first = done->front().result.first;
  CHECK(*(*past.get("s/a", first))->value == "the plain text");
  CHECK(*past.list({.prefix = "s/"}, first)->records.front()->value == "the plain text");
  CHECK(*past.since(revision{0}, "s/", 10)->changes.back()->now->value == "second text");
  CHECK(s.all_rows().find("text") == std::string::npos);
  CHECK(s.all_rows().find("not sealed") != std::string::npos);
  std::string stream;
  auto source = s.state->take_snapshot();
  for (auto piece = source.next(); *piece; piece = source.next())
    stream += **piece;
  backup_source backup{s.state->past(), {}};
  for (auto piece = backup.next(); *piece; piece = backup.next())
    stream += **piece;
  CHECK(stream.find("text") == std::string::npos);
  CHECK(stream.find("not sealed") != std::string::npos);
}

TEST_CASE("sealed: the same value again changes nothing, under another key it is written anew") {
  auto keys = ring({one});
  sealed_store s{keys};
  REQUIRE(s.put("s/a", keys->seal("s/a", "v")));
  CHECK(s.put("s/a", keys->seal("s/a", "v"))->front().changes.empty());
  auto rotated = ring({two, one});
  REQUIRE(s.reopen(rotated));
  CHECK(s.get("s/a") == "v");
  CHECK(s.put("s/a", rotated->seal("s/a", "v"))->front().changes.size() == 1);
  REQUIRE(s.reopen(ring({two})));
  CHECK(s.get("s/a") == "v");
}

TEST_CASE(
  "sealed: what is sealed otherwise than today is found, a piece at a time, and nothing else") {
  auto keys = ring({one});
  sealed_store s{keys};
  for (int i = 0; i < 25; ++i) {
    auto key = "s/" + std::to_string(i);
    REQUIRE(s.put(key, i % 5 == 0 ? "in the clear" : keys->seal(key, "v")));
    REQUIRE(s.put("p/" + std::to_string(i), "not to be sealed"));
  }
  auto stale = [&] {
    std::vector<transaction> all;
    std::string at;
    do
      for (auto& write : s.state->stale_seals(at, 7))
        all.push_back(std::move(write));
    while (!at.empty());
    return all;
  };
  CHECK(stale().size() == 5);
  REQUIRE(s.reopen(ring({two, one})));
  auto all = stale();
  CHECK(all.size() == 25);
  for (const auto& write : all) {
    auto bytes = encode(write);
    committed_entry next{s.state->facts().applied + 1, term_id{1}, bytes};
    CHECK(s.state->apply({&next, 1})->front().changes.size() == 1);
  }
  CHECK(stale().empty());
  REQUIRE(s.reopen(ring({two})));
  CHECK(s.get("s/5") == "in the clear");
}

TEST_CASE("sealed: replicas that know other keys have the same state") {
  auto keys = ring({one});
  sealed_store a{keys};
  sealed_store b{ring({two, one})};
  for (int i = 0; i < 20; ++i) {
    auto value = keys->seal("s/a", std::to_string(i));
    REQUIRE(a.put("s/a", value));
    REQUIRE(b.put("s/a", value));
  }
  CHECK(state_hash(a.state->facts()) == state_hash(b.state->facts()));
}

TEST_CASE("sealed: without its key a store is not opened, and an entry not applied") {
  auto keys = ring({one});
  sealed_store s{keys};
  REQUIRE(s.put("s/a", keys->seal("s/a", "v")));
  for (const auto& wrong : {seal::keyring_ptr{}, ring({two}),
                            ring({{.name = "key1", .bytes = std::string(32, 'z')}})}) {
    auto opened = s.reopen(wrong);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().reason == reason::forbidden);
    CHECK(opened.error().message.find("open s/a, which is sealed") == 0);
  }
  sealed_store lacks{nullptr};
  auto applied = lacks.put("s/a", keys->seal("s/a", "v"));
  REQUIRE_FALSE(applied);
  CHECK(applied.error().reason == reason::forbidden);
  CHECK(lacks.state->facts().applied == log_index{});
  REQUIRE(lacks.reopen(keys)); // with the key it goes on
  CHECK(lacks.put("s/a", keys->seal("s/a", "v")));
}

TEST_CASE("sealed: a key is not needed for what the log that comes again overwrites") {
  auto old = ring({one});
  auto both = ring({two, one});
  sealed_store s{old};
  sealed_store knows{both};
  REQUIRE(s.put("s/a", old->seal("s/a", "v")));
  REQUIRE(knows.put("s/a", old->seal("s/a", "v")));
  tail again{s.state->facts().applied};
  again.put("s/b", old->seal("s/b", "w"));
  again.put("s/a", both->seal("s/a", "v"));
  again.put("s/b", both->seal("s/b", "w"));
  REQUIRE(s.reopen(ring({two}), again.log()));
  CHECK_THROWS_WITH(s.get("s/a"),
                    "open s/a, which is sealed: the key key1 is not in encryptionProviderConfig");
  for (const auto& entry : again.entries) {
    auto done = s.state->apply({&entry, 1});
    REQUIRE(done);
    CHECK(done->front().changes.empty());
    CHECK(s.state->left_out_changes());
    REQUIRE(knows.state->apply({&entry, 1}));
  }
  CHECK(s.get("s/a") == "v");
  CHECK(s.get("s/b") == "w");
  CHECK(state_hash(s.state->facts()) == state_hash(knows.state->facts()));
  REQUIRE(s.put("s/b", both->seal("s/b", "x")));
  CHECK_FALSE(s.state->left_out_changes());
  auto past = s.state->past().since(revision{1}, "s/", 10);
  REQUIRE_FALSE(past);
  CHECK(past.error().reason == reason::expired);
  CHECK(s.state->past().since(s.state->facts().last - 1, "s/", 10)->changes.size() == 1);
}

TEST_CASE("sealed: a key that is needed when the log has come again is missed at the start") {
  auto old = ring({one});
  sealed_store s{old};
  REQUIRE(s.put("s/a", old->seal("s/a", "v")));
  tail again{s.state->facts().applied};
  again.put("s/b", ring({two})->seal("s/b", "w"));
  auto opened = s.reopen(ring({two}), again.log());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().reason == reason::forbidden);
  CHECK(opened.error().message.find("open s/a, which is sealed: the key key1") == 0);
}

TEST_CASE("sealed: a key that the end of the log needs is missed there, one beyond it at once") {
  auto old = ring({one});
  tail again{log_index{}};
  again.put("s/a", old->seal("s/a", "v"));
  again.put("p/a", "not sealed");
  sealed_store s{nullptr};
  REQUIRE(s.reopen(ring({two}), again.log()));
  REQUIRE(s.state->apply({again.entries.data(), 1}));
  auto end = s.state->apply({&again.entries[1], 1});
  REQUIRE_FALSE(end);
  CHECK(end.error().reason == reason::forbidden);
  CHECK(s.state->facts().applied == log_index{1});
}

TEST_CASE("sealed: a snapshot whose values do not open is not installed") {
  auto keys = ring({one});
  sealed_store s{keys};
  REQUIRE(s.put("s/a", keys->seal("s/a", "v")));
  for (bool has_key : {false, true}) {
    sealed_store to{has_key ? keys : nullptr};
    auto sink = to.state->start_restore();
    REQUIRE(sink);
    auto source = s.state->take_snapshot();
    for (auto piece = source.next(); *piece; piece = source.next())
      REQUIRE(sink->feed(**piece));
    auto done = to.state->finish_restore(std::move(*sink));
    CHECK(done.has_value() == has_key);
    if (!done)
      CHECK(done.error().reason == reason::forbidden);
  }
}

} // namespace troupe::store
