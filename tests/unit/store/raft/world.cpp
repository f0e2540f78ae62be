// The hostile world: what happens in it.
#include "world.hpp"

#include "store/raft/print.hpp"
#include "store/raft/wire.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

configuration first_members() {
  return {{{member_id{1}, member_role::voter, ""},
           {member_id{2}, member_role::voter, ""},
           {member_id{3}, member_role::voter, ""}}};
}

} // namespace

world::world(std::uint64_t seed, const mutants& bugs) : random_(seed), bugs_(bugs) {
  auto one_of = [&](std::initializer_list<std::uint64_t> xs) {
    return xs.begin()[random_.below(xs.size())];
  };
  weather_ = {.loss = one_of({0, 20, 150}),
              .repeat = one_of({0, 20, 100}),
              .delay = one_of({0, 30, 70, 92}),
              .crash = one_of({0, 2, 10, 40}),
              .restart = one_of({5, 30}),
              .batch = one_of({1, 200}),
              .split = one_of({0, 5, 20}),
              .disk = one_of({20, 50, 95}),
              .membership = one_of({0, 0, 15}),
              .flush = one_of({2, 20, 60})};
  for (std::uint64_t i = 1; i <= 5; ++i) {
    auto& p = processes_[member_id{i}];
    if (i <= 3)
      p.disk.start.members = first_members();
    side_[member_id{i}] = 0;
    start(member_id{i});
  }
}

void world::start(member_id id) {
  auto& p = processes_[id];
  options o{.self = id,
            .seed = random_(),
            .heartbeat_ticks = 2,
            .election_ticks = 8,
            .max_batch_bytes = weather_.batch,
            .max_in_flight = 4,
            .max_in_flight_bytes = 600,
            .max_uncommitted_bytes = 4000,
            .max_apply_bytes = 400,
            .max_pending_reads = 20,
            .memory_bytes = random_.chance(1, 2) ? 300U : 100000U,
            .keep_entries = random_.between(0, 20),
            .chunk_bytes = 7,
            .promote_lag = 5,
            .mutants = bugs_};
  recovered from{.ballot = p.disk.ballot,
                 .log = entry_log{p.disk.start},
                 .applied = p.durable.at.index,
                 .snapshot = p.installed};
  for (const auto& e : p.disk.entries)
    from.log.append(e);
  from.log.forget(from.log.last().index, o.memory_bytes);
  p.memory = p.durable;
  ++p.life;
  p.alive = std::make_unique<core>(o, std::move(from));
}

void world::crash(member_id id) {
  auto& p = processes_[id];
  for (auto lucky = random_.below(p.jobs.size() + 1); lucky > 0; --lucky) {
    write(p.disk, p.jobs.front()); // reached the disk although nobody was told
    p.jobs.pop_front();
  }
  p.alive.reset();
  p.jobs.clear();
  p.to_apply.clear();
  p.events.clear();
  p.orders.clear();
  p.snapshots.clear();
  for (auto& [other, q] : processes_) {
    if (q.alive && random_.chance(1, 2))
      step(other, connection_reset{id});
  }
}

void world::write(disk_image& disk, const write_job& job) {
  if (job.ballot)
    disk.ballot = *job.ballot;
  if (job.reset) {
    disk.start = *job.reset;
    disk.entries.clear();
  }
  if (!job.entries.empty()) {
    disk.entries.resize(job.entries.front().index - disk.start.at.index - 1);
    disk.entries.insert(disk.entries.end(), job.entries.begin(), job.entries.end());
  }
  if (job.cut && job.cut->at.index > disk.start.at.index) {
    auto gone = job.cut->at.index - disk.start.at.index;
    disk.entries.erase(disk.entries.begin(),
                       disk.entries.begin() + static_cast<std::ptrdiff_t>(gone));
    disk.start = *job.cut;
  }
}

world::disk_image world::whole(const process& p) const {
  auto disk = p.disk;
  for (const auto& job : p.jobs)
    write(disk, job);
  return disk;
}

std::vector<entry> world::load(const process& p, const load_entries& wanted) const {
  auto disk = whole(p);
  std::vector<entry> out;
  std::uint64_t bytes = 0;
  for (const auto& e : disk.entries) {
    if (e.index < wanted.from || e.index > wanted.to)
      continue;
    bytes += e.weight();
    if (!out.empty() && bytes > wanted.max_bytes)
      break;
    out.push_back(e);
  }
  if (!out.empty() && out.front().index != wanted.from)
    out.clear();
  return out;
}

void world::storm(int moments) {
  for (; moments > 0; --moments)
    moment(true);
}

void world::moment(bool bad) {
  if (bad)
    trouble();
  for (auto& [id, p] : processes_) {
    if (p.alive && random_.chance(1, 3))
      step(id, tick{});
    if (p.alive)
      host_work(id);
    if (p.alive && bad && random_.chance(1, 4))
      client_work(id);
  }
  deliver();
}

void world::trouble() {
  if (random_.chance(weather_.split, 1000)) {
    for (auto& [id, side] : side_)
      side = static_cast<int>(random_.below(2));
  } else if (random_.chance(3 * weather_.split, 1000)) {
    for (auto& [id, side] : side_)
      side = 0;
  }
  for (auto& [id, p] : processes_) {
    if (p.alive && random_.chance(weather_.crash, 1000))
      crash(id);
    else if (!p.alive && random_.chance(weather_.restart, 100))
      start(id);
  }
  if (random_.chance(weather_.membership, 1000))
    change_members();
  if (random_.chance(3, 1000)) {
    if (auto l = leader_now(); l != nobody)
      step(l, transfer_leadership{random_.chance(1, 2) ? nobody : some_member()});
  }
}

void world::change_members() {
  membership_change change;
  auto whom = some_member();
  switch (random_.below(3)) {
  case 0: change = add_learner{whom, ""}; break;
  case 1: change = promote{whom}; break;
  default: change = remove_member{whom}; break;
  }
  for (auto& [id, p] : processes_) {
    if (p.alive)
      step(id, change_membership{ticket{++next_}, change});
  }
}

void world::deliver() {
  auto count = network_.size();
  for (std::size_t i = 0; i < count; ++i) {
    auto bytes = std::move(network_.front());
    network_.pop_front();
    if (random_.chance(weather_.delay, 100)) {
      // Stays, now and then behind letters that left later.
      network_.insert(random_.chance(1, 3)
                        ? network_.begin() + static_cast<std::ptrdiff_t>(network_.size())
                        : network_.begin()
                            + static_cast<std::ptrdiff_t>(random_.below(network_.size() + 1)),
                      std::move(bytes));
      continue;
    }
    auto l = decode(bytes);
    if (!l)
      throw violation("a letter does not survive the wire: " + l.error().message);
    if (random_.chance(weather_.repeat, 1000))
      network_.push_back(bytes);
    auto& p = processes_[l->to];
    if (p.alive && side_[l->from] == side_[l->to] && !random_.chance(weather_.loss, 1000))
      step(l->to, received{*std::move(l)});
  }
}

// The disk, the state machine and the host's answers, each at its own pace.
void world::host_work(member_id id) {
  auto& p = processes_[id];
  if (random_.chance(weather_.disk, 100) && !p.jobs.empty()) {
    std::optional<write_id> finished;
    for (auto n = random_.between(1, p.jobs.size()); n > 0; --n) {
      auto job = std::move(p.jobs.front());
      p.jobs.pop_front();
      write(p.disk, job);
      if (job.writes)
        finished = job.id;
      for (const auto& l : job.after)
        network_.push_back(encode(l));
    }
    if (finished)
      step(id, write_finished{*finished});
  }
  if (random_.chance(1, 2))
    apply_all(id);
  if (!p.orders.empty() && random_.chance(1, 2)) {
    auto order = std::move(p.orders.front());
    p.orders.pop_front();
    perform(id, order);
  }
  if (!p.events.empty() && random_.chance(1, 2)) {
    auto e = std::move(p.events.front());
    p.events.pop_front();
    step(id, e);
  }
  if (random_.chance(weather_.flush, 1000)) {
    if (p.memory.at.index > p.durable.at.index)
      p.durable = p.memory;
    step(id, compact{p.durable.at.index});
  }
}

void world::client_work(member_id id) {
  if (random_.chance(1, 2)) {
    std::vector<shared_bytes> commands;
    for (auto n = random_.between(1, 4); n > 0; --n)
      commands.push_back(share("c" + std::to_string(++next_)));
    step(id, proposal{ticket{++next_}, std::move(commands)});
  } else {
    ticket t{++next_};
    asked_[t] = log_index{history_.size()};
    step(id, read{t});
  }
}

void world::step(member_id id, const event& e) {
  auto out = processes_[id].alive->step(e);
  perform(id, std::move(out));
}

void world::perform(member_id id, effects out) {
  auto& p = processes_[id];
  for (const auto& l : out.send_now)
    network_.push_back(encode(l));
  check_append(whole(p), out.append);
  write_job job{.writes = out.writes(),
                .id = out.write,
                .ballot = out.save_ballot,
                .reset = out.reset_log,
                .entries = std::move(out.append),
                .cut = out.cut_head,
                .after = std::move(out.send_after_sync)};
  if (job.writes || job.cut || !job.after.empty())
    p.jobs.push_back(std::move(job));
  for (auto& e : out.apply)
    p.to_apply.push_back(std::move(e));
  for (const auto& r : out.reads)
    check_read(r);
  for (const auto& l : out.load)
    p.events.push_back(entries_loaded{l.from, load(p, l)});
  for (auto& o : out.snapshots)
    p.orders.push_back(std::move(o));
  if (out.leadership)
    check_leader(id, *out.leadership);
}

void world::perform(member_id id, const snapshot_order& order) {
  auto& p = processes_[id];
  if (const auto* take = std::get_if<take_snapshot>(&order)) {
    snapshot_id name{random_()};
    auto bytes = std::to_string(p.memory.hash) + " is the state at " + to_text(p.memory.at);
    if (p.memory.at.index == log_index{} || random_.chance(1, 10))
      return p.events.push_back(snapshot_taken{take->to, name, {}, 0});
    p.snapshots[name] = {p.memory, bytes};
    p.events.push_back(snapshot_taken{take->to, name, p.memory.at.index, bytes.size()});
  } else if (const auto* load = std::get_if<load_chunk>(&order)) {
    auto s = p.snapshots.find(load->id);
    auto bytes = s == p.snapshots.end()
                   ? nullptr
                   : share(s->second.second.substr(load->offset, load->max_bytes));
    p.events.push_back(chunk_loaded{load->to, load->id, load->offset, bytes});
  } else if (const auto* release = std::get_if<release_snapshot>(&order)) {
    if (p.snapshots.erase(release->id) == 0)
      throw violation("a snapshot is released that is not held");
  } else if (const auto* store = std::get_if<store_chunk>(&order)) {
    if (store->offset == 0)
      p.incoming.clear();
    if (store->offset != p.incoming.size())
      throw violation("a chunk is stored out of order");
    p.incoming += *store->bytes;
    p.events.push_back(chunk_stored{store->from, store->id, p.incoming.size()});
  } else if (const auto* install = std::get_if<install_snapshot>(&order)) {
    apply_all(id);
    machine state{install->mark.at, std::stoull(p.incoming)};
    if (p.incoming != std::to_string(state.hash) + " is the state at " + to_text(state.at))
      throw violation("an incoming snapshot is not what was sent: " + p.incoming);
    if (state.hash != hashes_.at(raw(state.at.index)))
      throw violation("a snapshot holds another state than was applied");
    if (state.at.index <= p.memory.at.index)
      throw violation("a snapshot would take the state machine back");
    p.memory = p.durable = state;
    p.installed = install->mark;
    ++installed_;
    p.events.push_back(snapshot_installed{install->from, install->id, true});
  }
}

void world::apply_all(member_id id) {
  auto& p = processes_[id];
  if (p.to_apply.empty())
    return;
  for (; !p.to_apply.empty(); p.to_apply.pop_front())
    check_applied(p.memory, p.to_apply.front());
  step(id, applied{p.memory.at.index});
}

} // namespace troupe::raft
