#include "tests/simulation/cluster.hpp"

#include "tests/simulation/bad_mail.hpp"

#include <algorithm>

namespace troupe::sim {

std::string address_of(const std::string& name) { return name + "=" + name + ":1"; }

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

life::life(const kernel::process_ptr& p) : process(p), replica(p), hub(p) {}

cluster::cluster(const options& o, report& r, std::unique_ptr<master_program> runs)
    : with(o)
    , to(r)
    , world(o.seed)
    , network(world, o.network)
    , laws(std::make_shared<raft_laws>(r))
    , runs_(std::move(runs)) {
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
      m.now->links->stop();
    }
  world.settle(); // what has not begun begins and ends while all that it uses is there
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

void cluster::start(std::size_t at) {
  auto& m = members[at];
  if (m.now || m.retired)
    return;
  laws->born(storage::member_of(m.name));
  auto process =
    world.add({.who = {m.name, kernel::role::master}, .trace_bytes = std::size_t{1} << 16});
  auto l = runs_->begin(process);
  l->writer = std::make_shared<stalling_pool>(world, world.make_pool(process, 1, 4096, with.disk));
  l->reader = std::make_shared<stalling_pool>(world, world.make_pool(process, 1, 4096, with.disk));
  l->links = std::make_unique<kernel::links>(process, runs_->types(), network.attach(process));
  storage::store_options o{
    .directory = "store", .cluster = "sim", .member = m.name, .founders = {}};
  for (std::size_t i = 0; at < with.masters && i < with.masters; ++i)
    o.founders.push_back(address_of("m" + std::to_string(i)));
  o.segment_bytes = with.segment_bytes;
  store::replica_options rows;
  rows.bugs.ignore_fence = with.bug == bug::ignore_fence;
  rows.speaks = m.speaks;
  rows.bugs.apply_twice_after_restart = with.bug == bug::apply_twice_after_restart;
  auto opened = storage::open_store(o, m.disk, m.rows, rows);
  if (!opened && m.disk->dead()) { // the power went again
    lose_power(m);
    world.after(1s, [this, at] { start(at); });
    return;
  }
  if (!opened && refused(at, opened.error()))
    return;
  if (!opened)
    return to.violation(m.name + " does not open its store again: " + opened.error().message);
  l->state = opened->state;
  ends_with(l, at);
  m.now = l;
  ++m.lives;
  auto tree = runs_->tree(*this, l, m, std::move(*opened));
  auto started = l->links->start(kernel::endpoint{m.name, 1});
  invariant(static_cast<bool>(started), "a simulated master listens");
  l->root = kernel::spawn_supervisor({.process = process}, std::move(tree));
}

/// An actor that cannot be restarted ends its process, and somebody starts that again.
void cluster::ends_with(const life_ptr& l, std::size_t at) {
  l->process->on_fatal([this, at, l = l.get()](const std::string& path, const failure& why) {
    auto& m = members[at];
    bool was_removed =
      m.leaving && why.message.find("was removed from the cluster") != std::string::npos;
    if (was_removed)
      m.retired = true;
    else if (!m.disk->dead() && !m.disk->sync_failed() && !m.rotten && !l->doomed)
      to.death(members[at].name + ": actor " + path + " failed: " + why.message);
    world.after(0ns, [this, at, l] {
      if (members[at].now.get() == l)
        crash(at, l->doomed ? crash_kind::kill : crash_kind::power,
              std::chrono::milliseconds{world.random().between(200, 4000)});
    });
  });
}

bool cluster::kill_an_actor(std::size_t at) {
  if (!up(at))
    return false;
  auto& l = *members[at].now;
  auto all = l.process->actors();
  std::erase_if(all, [](const auto& a) { return a.messages == 0; }); // it has not begun
  if (all.empty())
    return false;
  std::erase_if(all, [](const auto& a) { return a.path.starts_with(mail_path); }); // a wire
  if (all.empty())
    return false;
  auto path = all[world.random().below(all.size())].path;
  l.doomed = path.empty() || path == "links" || path == "replica";
  return static_cast<bool>(l.process->kill(path));
}

void cluster::crash(std::size_t at, crash_kind how, duration down) {
  auto& m = members[at];
  if (!m.now)
    return;
  if (m.disk->open("store/in-0"))
    ++to.count["lives with a snapshot taken in"];
  world.crash(m.now->process);
  network.release(m.name);
  network.unplug(m.name);
  m.now->links->stop();
  past_.push_back(std::move(m.now));
  m.now = nullptr;
  m.rows->crash();
  if (how == crash_kind::power || m.disk->dead())
    lose_power(m);
  else
    m.disk->release_locks();
  world.after(down, [this, at] { start(at); });
}

void cluster::retire(std::size_t at) {
  members[at].retired = true;
  crash(at, crash_kind::kill, 1h);
}

void cluster::pause(std::size_t at, duration span) {
  auto& m = members[at];
  if (!m.now || paused(at))
    return;
  world.pause(m.now->process);
  network.hold(m.name);
  world.after(span, [this, at, l = m.now.get()] {
    if (members[at].now.get() == l)
      resume(at);
  });
}

void cluster::resume(std::size_t at) {
  if (!paused(at))
    return;
  network.release(members[at].name);
  world.resume(members[at].now->process);
}

bool cluster::can_lose_one() const {
  return laws->voters() >= 3 && std::none_of(members.begin(), members.end(), [](const member& m) {
           return (m.leaving || m.rotten) && !m.removed;
         });
}

std::optional<std::size_t> cluster::place_of(member_id id) const {
  for (std::size_t i = 0; i < members.size(); ++i)
    if (storage::member_of(members[i].name) == id)
      return i;
  return std::nullopt;
}

} // namespace troupe::sim
