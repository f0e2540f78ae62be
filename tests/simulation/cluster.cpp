#include "tests/simulation/cluster.hpp"

namespace troupe::sim {

std::string address_of(const std::string& name) { return name + "=" + name + ":1"; }

namespace {

kernel::message_types types() {
  kernel::message_types out;
  storage::register_types(out);
  return out;
}

} // namespace

bool stalling_pool::post(std::function<void()> job) {
  waiting_.push_back(std::move(job));
  pump();
  return true;
}

void stalling_pool::stall(duration span) {
  until_ = std::max(until_, world_.now() + span);
  world_.after(span, [weak = weak_from_this()] {
    if (auto still = weak.lock())
      still->pump();
  });
}

void stalling_pool::pump() {
  for (; !waiting_.empty() && world_.now() >= until_; waiting_.pop_front())
    inner_->post(std::move(waiting_.front()));
}

life::life(const kernel::process_ptr& p) : process(p), replica(p), hub(p), scope(p), courier(p) {}

cluster::cluster(const options& o, report& r)
    : with(o), to(r), world(o.seed), network(world, o.network) {
  scopes->to = &to;
  for (std::size_t i = 0; i < o.masters; ++i)
    start(add_down());
}

std::size_t cluster::add_down() {
  members.push_back({.name = "m" + std::to_string(members.size()),
                     .disk = std::make_shared<wal::memory_disk>(),
                     .rows = std::make_shared<store::memory_engine>(),
                     .now = nullptr});
  return members.size() - 1;
}

std::size_t cluster::add() {
  auto at = add_down();
  start(at);
  return at;
}

cluster::~cluster() {
  for (auto& m : members)
    if (m.now) {
      world.crash(m.now->process);
      network.unplug(m.name);
      m.now->links.reset();
    }
}

std::optional<std::size_t> cluster::leader() const {
  if (scopes->leaders.empty())
    return std::nullopt;
  const auto& name = scopes->leaders.rbegin()->second;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (members[i].name == name && up(i))
      return i;
  return std::nullopt;
}

kernel::tree cluster::tree_of(const std::shared_ptr<life>& l, const member& m,
                              storage::opened_store opened) {
  storage::replica_dependencies replica;
  replica.settings.raft.self = storage::member_of(m.name);
  replica.settings.raft.seed = l->process->random("raft")();
  replica.settings.raft.keep_entries = with.keep_entries;
  replica.settings.raft.mutants.acknowledge_before_sync = with.bug == bug::acknowledge_before_sync;
  replica.settings.address = address_of(m.name);
  replica.settings.compact_after = with.compact_after;
  replica.settings.flush_entries = with.flush_entries;
  replica.store = std::move(opened);
  replica.writer = l->writer;
  replica.reader = l->reader;
  replica.hub = caf::actor_cast<storage::hub_feed_actor>(l->hub.slot().address());
  replica.scope = l->scope;
  replica.peer = [own = m.name, weak = std::weak_ptr{l}](member_id, const std::string& address) {
    auto still = weak.lock();
    if (!still || !still->links) // crashed before its first act
      return storage::peer_actor{};
    auto name = storage::name_of(address);
    auto& links = *still->links;
    if (own < name)
      links.dial({name, kernel::role::master}, {name, 1});
    return links.import <storage::peer_actor>(name, storage::peer_portal);
  };
  storage::hub_dependencies hub{
    .replica = l->replica, .reader = l->reader, .limits = {}, .bugs = {}};
  hub.bugs.drop_event_on_leader_change = with.bug == bug::drop_event_on_leader_change;
  auto probe = [replica = l->replica, courier = l->courier, facts = scopes](
                 const kernel::place& at) { return spawn_probe(at, replica, courier, facts); };
  kernel::tree out;
  out.children = {
    {.name = "hub",
     .spawn = [hub](const kernel::place& at) { return storage::spawn_watch_hub(at, hub).hub; },
     .slot = l->hub.slot()},
    {.name = "replica",
     .restart = kernel::restart::never,
     .spawn =
       [replica](const kernel::place& at) { return storage::spawn_replica(at, replica).local; },
     .slot = l->replica.slot()},
    {.name = "courier",
     .spawn = [replica = l->replica, facts = scopes](
                const kernel::place& at) { return spawn_courier(at, replica, facts); },
     .slot = l->courier.slot()},
    {.name = "leader",
     .spawn = kernel::leader_scope({.children = {{.name = "probe", .spawn = probe}}}),
     .slot = l->scope.slot()},
  };
  return out;
}

void cluster::start(std::size_t at) {
  auto& m = members[at];
  if (m.now)
    return;
  auto process =
    world.add({.who = {m.name, kernel::role::master}, .trace_bytes = std::size_t{1} << 16});
  auto l = std::make_shared<life>(process);
  l->writer = std::make_shared<stalling_pool>(world, world.make_pool(process, 1, 4096, with.disk));
  l->reader = std::make_shared<stalling_pool>(world, world.make_pool(process, 1, 4096, with.disk));
  l->links = std::make_unique<kernel::links>(process, types(), network.attach(process));
  kernel::portal portal{storage::peer_portal,
                        caf::actor_cast<storage::peer_actor>(l->replica.slot().address())};
  portal.accept<storage::letter_sent>({kernel::role::master})
    .accept<storage::bulk_letter_sent>({kernel::role::master})
    .accept<storage::propose>({kernel::role::master})
    .accept<storage::ask_to_join>({kernel::role::master});
  l->links->offer(std::move(portal));
  l->links->subscribe(caf::actor_cast<kernel::link_subscriber>(l->replica.slot().address()));
  storage::store_options o{
    .directory = "store", .cluster = "sim", .member = m.name, .founders = {}};
  for (std::size_t i = 0; at < with.masters && i < with.masters; ++i)
    o.founders.push_back(address_of("m" + std::to_string(i)));
  o.segment_bytes = with.segment_bytes;
  store::replica_options rows;
  rows.bugs.ignore_fence = with.bug == bug::ignore_fence;
  auto opened = storage::open_store(o, m.disk, m.rows, rows);
  if (!opened && m.disk->dead()) { // the power went again
    lose_power(m);
    world.after(1s, [this, at] { start(at); });
    return;
  }
  if (!opened)
    return to.violation(m.name + " does not open its store again: " + opened.error().message);
  l->state = opened->state;
  process->on_fatal([this, at, disk = m.disk, l = l.get()](const std::string& path,
                                                           const failure& why) {
    bool expected = disk->dead();
    if (!expected)
      to.death(members[at].name + ": actor " + path + " failed: " + why.message);
    world.after(0ns, [this, at, l] {
      if (members[at].now.get() == l)
        crash(at, crash_kind::power, std::chrono::milliseconds{world.random().between(200, 4000)});
    });
  });
  m.now = l;
  ++m.lives;
  auto started = l->links->start(kernel::endpoint{m.name, 1});
  invariant(static_cast<bool>(started), "a simulated master listens");
  l->root = kernel::spawn_supervisor({.process = process}, tree_of(l, m, std::move(*opened)));
}

void cluster::crash(std::size_t at, crash_kind how, duration down) {
  auto& m = members[at];
  if (!m.now)
    return;
  if (m.disk->open("store/in-0"))
    ++to.count["lives with a snapshot taken in"];
  world.crash(m.now->process);
  network.unplug(m.name);
  m.now->links.reset();
  past_.push_back(std::move(m.now));
  m.now = nullptr;
  m.rows->crash();
  if (how == crash_kind::power || m.disk->dead())
    lose_power(m);
  else
    m.disk->release_locks();
  world.after(down, [this, at] { start(at); });
}

void cluster::lose_power(member& m) {
  m.rows->crash();
  auto lost = m.disk->power_cut(world.random());
  if (lost == 0)
    return;
  ++to.count["crashes that lost unsynced bytes"];
  to.count["sectors lost"] += lost;
}

void cluster::fail_disk(std::size_t at, std::uint64_t operations, duration down) {
  auto& m = members[at];
  if (!m.now)
    return;
  m.disk->fail_after(operations);
  world.after(2s, [this, at, down, l = m.now.get()] { // nobody wrote
    if (members[at].now.get() == l)
      crash(at, crash_kind::power, down);
  });
}

} // namespace troupe::sim
