#include "actors/storage/etcd/replica.hpp"
#include "actors/storage/hub.hpp"
#include "scripted_etcd.hpp"
#include "store/etcd/translate.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using test = store::predicate::test;
using op = store::operation::kind;
using status = store::outcome::status;
using how = storage::get_view::freshness;

namespace {

using scope_events = std::shared_ptr<std::vector<std::string>>;

kernel::scope_actor spawn_scope(const kernel::place& at, scope_events to) {
  return kernel::spawn<kernel::scope_actor, kernel::stateless>(
    at, [to](kernel::self_ptr<kernel::scope_actor, kernel::stateless>) {
      return kernel::scope_actor::behavior_type{
        [to](const kernel::leading& m) { to->push_back("lead " + to_string(m.term)); },
        [to](const kernel::following&) { to->push_back("follow"); },
        [](const kernel::stop_tree&) -> kernel::reply<kernel::done> { return kernel::done{}; },
        [](const kernel::scope_retry&) {}};
    });
}

/// A master's replica and hub on an etcd.
struct master {
  master(deterministic& w, std::shared_ptr<scripted_etcd> of, const std::string& name,
         duration compact_after = 5min)
      : world(w), etcd(std::move(of)), replica_slot(w.process), hub_slot(w.process) {
    reader = w.world.make_pool(w.process);
    auto hub = storage::spawn_watch_hub(
      w.at(name + "/hub"),
      {.replica = replica_slot, .reader = reader, .limits = {.sparse = true}, .bugs = {}});
    watches = hub.hub;
    storage::etcd_dependencies d;
    d.settings = {.name = name, .address = name + ":7443", .prefix = "/troupe"};
    d.settings.compact_after = compact_after;
    d.settings.page = 2; // many pages
    d.cluster = etcd;
    d.hub = hub.feed;
    d.scope = spawn_scope(w.at(name + "/scope"), scope);
    d.masters = [this](const std::map<std::string, std::string>& all, revision) { masters = all; };
    d.removed = [this] { removed = true; };
    handles = storage::spawn_etcd_replica(w.at(name + "/replica"), d);
    replica_slot.slot().bind(caf::actor_cast<caf::strong_actor_ptr>(handles.local));
    w.settle();
  }

  result<storage::transacted> write(store::transaction t) {
    return world.ask<storage::transacted>(handles.local, storage::transact{std::move(t)});
  }
  result<storage::transacted> put(const std::string& key, const std::string& value,
                                  std::optional<term_id> fence = {}) {
    return write({.when = {}, .then = {{op::put, key, value}}, .fence = fence, .cause = {}});
  }
  result<storage::viewed> view(how fresh = how::linearizable, revision at = {}) {
    return world.ask<storage::viewed>(handles.local, storage::get_view{.how = fresh, .at = at});
  }
  std::string get(const std::string& key) {
    auto v = view();
    auto found = v ? v->of->get(key) : nullptr;
    return found ? *found->value : "-";
  }
  storage::leadership leads() {
    return world.ask<storage::leadership>(handles.local, storage::get_leadership{}).value_or({});
  }

  deterministic& world;
  std::shared_ptr<scripted_etcd> etcd;
  kernel::stable<storage::replica_actor> replica_slot;
  kernel::stable<storage::watch_hub_actor> hub_slot;
  std::shared_ptr<kernel::blocking_pool> reader;
  storage::watch_hub_actor watches;
  scope_events scope = std::make_shared<std::vector<std::string>>();
  storage::replica_handles handles;
  std::map<std::string, std::string> masters;
  bool removed = false;
};

struct one_master {
  one_master() {
    REQUIRE(storage::claim_prefix(*etcd, etcd::key_space{"/troupe"}, "test", 1s));
    m = std::make_unique<master>(world, etcd, "m1");
    world.advance(1s);
  }
  deterministic world;
  std::shared_ptr<scripted_etcd> etcd = std::make_shared<scripted_etcd>();
  std::unique_ptr<master> m;
};

} // namespace

TEST_CASE("etcd prefix: foreign content is refused, our own is taken again") {
  scripted_etcd of;
  etcd::key_space keys{"/troupe"};
  CHECK(storage::claim_prefix(of, keys, "a", 1s));
  CHECK(storage::claim_prefix(of, keys, "a", 1s));
  auto other = storage::claim_prefix(of, keys, "b", 1s);
  REQUIRE(!other);
  CHECK(other.error().reason == reason::conflict);
  of.put("/shared/x", "theirs");
  auto foreign = storage::claim_prefix(of, etcd::key_space{"/shared"}, "a", 1s);
  REQUIRE(!foreign);
  CHECK(foreign.error().message.find("/shared/x") != std::string::npos);
  CHECK(of.find("/shared/format") == nullptr);
}

TEST_CASE("etcd replica: what was written is read, and its revision is etcd's") {
  one_master w;
  auto done = w.m->put("/a", "1");
  REQUIRE(done);
  CHECK(done->what.what == status::applied);
  CHECK(done->what.first == w.etcd->find("/troupe/data/a")->modified);
  CHECK(*done->after->get("/a")->value == "1");
  CHECK(w.m->get("/a") == "1");
  auto refused = w.m->write(
    {.when = {{test::absent, "/a", {}}}, .then = {{op::put, "/a", "2"}}, .fence = {}, .cause = {}});
  REQUIRE(refused);
  CHECK(refused->what.what == status::predicate_failed);
  CHECK(refused->what.failed == 0);
  CHECK(w.m->get("/a") == "1");
}

TEST_CASE("etcd replica: a master that starts reads everything, page by page") {
  one_master w;
  for (int i = 0; i < 9; ++i)
    REQUIRE(w.m->put("/k" + std::to_string(i), std::to_string(i)));
  master second{w.world, w.etcd, "m2"};
  auto v = second.view();
  REQUIRE(v);
  CHECK(v->of->count("/k") == 9);
  CHECK(v->of->at() == w.m->view()->of->at());
}

TEST_CASE(
  "etcd replica: a linearizable read sees what another master wrote, however late the watch") {
  one_master w;
  master second{w.world, w.etcd, "m2"};
  w.etcd->hold_watches = true;
  auto v = std::make_shared<std::optional<result<storage::viewed>>>();
  w.etcd->put("/troupe/data/a", "1");
  w.etcd->put("/troupe/head", etcd::head_text({})); // a transaction of a third one
  bool stale = second.view(how::any)->of->get("/a") != nullptr;
  CHECK(!stale); // the watch is held: what is here is old
  w.etcd->release_watches();
  CHECK(second.get("/a") == "1");
}

TEST_CASE("etcd replica: reads that come together are one question to etcd") {
  one_master w;
  w.etcd->hold = true;
  auto before = w.etcd->ranges;
  for (int i = 0; i < 50; ++i)
    w.world.tell(w.m->handles.local, storage::get_view{});
  w.world.settle();
  CHECK(w.etcd->ranges - before == 1);
  w.etcd->release();
  w.world.settle();
  CHECK(w.etcd->ranges - before == 2); // all that came meanwhile
}

TEST_CASE("etcd replica: the oldest master leads, the next one when its lease has ended") {
  one_master w;
  REQUIRE(w.m->scope->size() == 1);
  auto term = w.m->leads().term;
  CHECK(w.m->scope->front() == "lead " + to_string(term));
  CHECK(w.m->leads().here);
  master second{w.world, w.etcd, "m2"};
  w.world.advance(1s);
  CHECK(second.scope->empty());
  CHECK(second.leads().leader_name == "m1");
  w.etcd->expire(*w.etcd->leases().begin());
  w.world.settle();
  CHECK(w.m->scope->back() == "follow");
  REQUIRE(second.scope->size() == 1);
  CHECK(raw(second.leads().term) > raw(term));
}

TEST_CASE("etcd replica: a master that died leads again as soon as it is back") {
  one_master w;
  auto before = w.m->leads().term;
  REQUIRE(w.world.process->kill("m1/replica"));
  w.world.advance(1s);
  master again{w.world, w.etcd, "m1"};
  w.world.advance(1s);
  CHECK(again.leads().here);
  CHECK(raw(again.leads().term) > raw(before));
  CHECK(w.etcd->leases().size() == 1);
}

TEST_CASE("etcd replica: a fenced write changes nothing after its term") {
  one_master w;
  master second{w.world, w.etcd, "m2"};
  w.world.advance(1s);
  auto term = w.m->leads().term;
  auto done = w.m->put("/a", "1", term);
  REQUIRE(done);
  CHECK(done->what.what == status::applied);
  auto foreign = second.put("/a", "2", term);
  REQUIRE(foreign);
  CHECK(foreign->what.what == status::stale_term);
  // the lease ends and this master does not know yet
  w.etcd->hold_watches = true;
  w.etcd->expire(*w.etcd->leases().begin());
  auto late = w.m->put("/a", "3", term);
  w.etcd->release_watches();
  REQUIRE(late);
  CHECK(late->what.what == status::stale_term);
  CHECK(w.m->get("/a") == "1");
}

TEST_CASE("etcd replica: cut off from etcd, it leads no more before its lease can end") {
  one_master w;
  w.etcd->down = true;
  w.world.advance(2s);
  CHECK(w.m->scope->back().starts_with("lead"));
  w.world.advance(2s); // of a lease of 5 s; the last sign of life was up to 1.25 s before
  CHECK(w.m->scope->back() == "follow");
}

TEST_CASE("etcd replica: one that stops hands over at once") {
  one_master w;
  master second{w.world, w.etcd, "m2"};
  w.world.advance(1s);
  auto over = w.world.ask<storage::handed_over>(w.m->handles.leaving, storage::hand_over{});
  REQUIRE(over);
  CHECK(over->done);
  w.world.settle();
  CHECK(second.leads().here);
  CHECK(w.m->scope->back() == "follow");
}

TEST_CASE("etcd replica: a write whose answer is lost is of unknown outcome and not sent again") {
  one_master w;
  w.etcd->deaf = true;
  auto lost = w.m->put("/a", "1");
  REQUIRE(!lost);
  CHECK(lost.error().reason == reason::timeout);
  w.etcd->deaf = false;
  CHECK(w.m->get("/a") == "1");
  w.etcd->down = true;
  auto refused = w.m->put("/b", "1");
  REQUIRE(!refused);
  CHECK(refused.error().reason == reason::unavailable);
}

TEST_CASE("etcd replica: a watch that breaks goes on where it was") {
  one_master w;
  auto f = w.world.ask<storage::followed>(
    w.m->watches, storage::follow{.prefix = "/k", .exact = false, .after = {}});
  REQUIRE(f);
  REQUIRE(w.m->put("/k1", "1"));
  w.etcd->cut_watches();
  w.etcd->put("/troupe/data/k2", "2");
  w.world.advance(1s);
  REQUIRE(w.m->put("/k3", "3"));
  std::vector<std::string> seen;
  for (int i = 0; i < 3 && seen.size() < 3; ++i) {
    auto got =
      w.world.ask<storage::changes>(w.m->watches, storage::next_changes{f->subscription, 1s});
    REQUIRE(got);
    for (const auto& c : got->list)
      seen.push_back(c->key());
  }
  CHECK(seen == std::vector<std::string>{"/k1", "/k2", "/k3"});
  CHECK(w.etcd->watches == 2);
}

TEST_CASE("etcd replica: away for longer than history is kept, it reads all again and says so") {
  one_master w;
  auto f = w.world.ask<storage::followed>(
    w.m->watches, storage::follow{.prefix = "/k", .exact = false, .after = {}});
  REQUIRE(f);
  w.etcd->hold_watches = true;
  w.etcd->put("/troupe/data/k1", "1");
  w.etcd->put("/troupe/head", etcd::head_text({}));
  w.etcd->compact_now(w.etcd->now());
  w.etcd->release_watches();
  w.world.advance(1s);
  CHECK(w.m->get("/k1") == "1");
  auto got =
    w.world.ask<storage::changes>(w.m->watches, storage::next_changes{f->subscription, 1s});
  REQUIRE(!got);
  CHECK(got.error().reason == reason::gone);
}

TEST_CASE("etcd replica: the leader compacts, and every master refuses what was before") {
  deterministic world;
  auto etcd = std::make_shared<scripted_etcd>();
  REQUIRE(storage::claim_prefix(*etcd, etcd::key_space{"/troupe"}, "test", 1s));
  master first{world, etcd, "m1", 20s};
  master second{world, etcd, "m2", 20s};
  world.advance(1s);
  auto old = first.put("/a", "1");
  REQUIRE(old);
  REQUIRE(first.put("/a", "2"));
  auto past =
    world.ask<storage::viewed>(second.handles.local, storage::get_view_at{old->what.last});
  REQUIRE(past);
  CHECK(*past->of->get("/a")->value == "1");
  world.advance(30s);
  REQUIRE(first.put("/a", "3"));
  for (auto* m : {&first, &second}) {
    auto gone = world.ask<storage::viewed>(m->handles.local, storage::get_view_at{old->what.last});
    REQUIRE(!gone);
    CHECK(gone.error().reason == reason::expired);
  }
}

TEST_CASE("etcd replica: masters are listed, taken in and removed") {
  one_master w;
  master second{w.world, w.etcd, "m2"};
  w.world.advance(1s);
  CHECK(w.m->masters.size() == 2);
  auto listed = w.world.ask<storage::members_listed>(w.m->handles.peers, storage::list_members{});
  REQUIRE(listed);
  CHECK(listed->leader == "m1");
  CHECK(listed->members.size() == 2);
  auto none = w.world.ask<storage::member_removed>(
    w.m->handles.peers, storage::remove_member{.name = "m9", .passed_on = false});
  REQUIRE(!none);
  CHECK(none.error().reason == reason::not_found);
  REQUIRE(w.world.ask<storage::member_removed>(
    w.m->handles.peers, storage::remove_member{.name = "m2", .passed_on = false}));
  w.world.settle();
  CHECK(second.removed);
  CHECK(w.m->masters.size() == 1);
  auto last = w.world.ask<storage::member_removed>(
    w.m->handles.peers, storage::remove_member{.name = "m1", .passed_on = false});
  REQUIRE(!last);
  CHECK(last.error().reason == reason::conflict);
}
