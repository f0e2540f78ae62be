// The hostile world: what happens in it.
#include "world.hpp"

#include "store/raft/print.hpp"
#include "store/raft/wire.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

configuration first_members(std::uint64_t count) {
  configuration c;
  for (std::uint64_t i = 1; i <= count; ++i)
    c.members.push_back({member_id{i}, member_role::voter, ""});
  return c;
}

} // namespace

world::world(std::uint64_t seed, const mutants& bugs, bool restless)
    : random_(seed), bugs_(bugs), restless_(restless) {
  auto voters = random_.chance(1, 2) ? 3U : 5U;
  change_weather();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    auto& p = processes_[member_id{i}];
    if (i <= voters)
      p.disk.format({{}, first_members(voters)});
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
  recovered from{.ballot = p.disk.durable().ballot,
                 .log = p.disk.log(),
                 .applied = p.durable.at.index,
                 .snapshot = p.installed};
  from.log.forget(from.log.last().index, o.memory_bytes);
  p.memory = p.durable;
  p.frozen = p.doomed = 0;
  p.alive = std::make_unique<core>(o, std::move(from));
}

void world::crash(member_id id) {
  auto& p = processes_[id];
  for (auto lucky = random_.below(p.disk.jobs() + 1); lucky > 0; --lucky)
    p.disk.perform_first(); // reached the disk although nobody was told
  p.disk.lose_power();
  p.alive.reset();
  p.to_apply.clear();
  p.events.clear();
  p.orders.clear();
  p.snapshots.clear();
  lose_connections(id);
}

void world::lose_connections(member_id id) {
  for (auto& [other, q] : processes_) {
    if (other != id && q.alive && q.frozen == 0 && random_.chance(1, 2))
      step(other, connection_reset{id});
  }
}

void world::storm(int moments) {
  for (; moments > 0; --moments) {
    if (moments % 60 == 0)
      change_weather();
    moment(true);
  }
}

void world::change_weather() {
  auto one_of = [&](std::initializer_list<std::uint64_t> xs) {
    return xs.begin()[random_.below(xs.size())];
  };
  if (restless_) { // many short-lived leaders: small quarrels in every term
    weather_ = {.loss = one_of({0, 50}),
                .repeat = 20,
                .delay = one_of({0, 30, 60}),
                .crash = one_of({5, 15, 30}),
                .restart = one_of({20, 50}),
                .batch = 1,
                .split = one_of({10, 30, 60}),
                .reset = one_of({20, 60}),
                .freeze = one_of({0, 10}),
                .transfer = one_of({10, 60}),
                .tick = 100,
                .disk = one_of({50, 95})};
    return;
  }
  bool fair = random_.chance(1, 3);
  weather_ = {.loss = fair ? 0 : one_of({0, 20, 150}),
              .repeat = one_of({0, 20, 100}),
              .delay = fair ? 20 : one_of({0, 30, 70, 92}),
              .crash = fair ? 0 : one_of({0, 2, 10, 40}),
              .restart = one_of({5, 30}),
              .batch = one_of({1, 200}),
              .split = fair ? 0 : one_of({0, 5, 20, 60}),
              .reset = fair ? 0 : one_of({0, 0, 20, 100}),
              .freeze = fair ? 0 : one_of({0, 0, 3, 10}),
              .transfer = one_of({2, 10, 40}),
              .tick = one_of({33, 100}),
              .disk = one_of({20, 50, 95}),
              .membership = one_of({0, 0, 15}),
              .flush = one_of({2, 20, 60})};
  if (fair)
    cut_.clear();
}

void world::moment(bool bad) {
  if (bad)
    trouble();
  for (auto& [id, p] : processes_) {
    if (!p.alive || p.frozen > 0) {
      p.frozen -= p.frozen > 0 ? 1 : 0;
      continue;
    }
    if (random_.chance(weather_.tick, 100))
      step(id, tick{});
    host_work(id);
    if (bad && random_.chance(1, 4))
      client_work(id);
  }
  deliver();
}

void world::trouble() {
  if (random_.chance(weather_.split, 1000))
    cut_links();
  else if (random_.chance(2 * weather_.split, 1000))
    cut_.clear();
  for (auto& [id, p] : processes_)
    harm(id);
  if (random_.chance(weather_.membership, 1000))
    change_members();
  if (random_.chance(weather_.transfer, 1000))
    hand_over();
}

void world::harm(member_id id) {
  auto& p = processes_[id];
  if (!p.alive) {
    if (random_.chance(weather_.restart, 100))
      start(id);
    return;
  }
  bool now = p.doomed > 0 && --p.doomed == 0;
  if (random_.chance(weather_.crash, 1000) || (now && random_.chance(1, 2))) {
    crash(id);
    if (random_.chance(1, 3))
      start(id);
  } else if (random_.chance(weather_.reset, 1000)) {
    for (const auto& [other, q] : processes_)
      step(id, connection_reset{other});
  } else if (random_.chance(weather_.freeze, 1000) || now) {
    p.frozen = random_.between(10, 40);
    lose_connections(id);
  }
}

// Sometimes the operator changes his mind at once: two members are told to campaign in one term.
void world::hand_over() {
  auto lead = leader_now();
  for (auto times = random_.between(1, 2); lead != nobody && times > 0; --times)
    step(lead, transfer_leadership{random_.chance(1, 3) ? nobody : some_member()});
}

void world::cut_links() {
  cut_.clear();
  auto sides = random_.below(1U << processes_.size());
  bool in_two = random_.chance(1, 3); // else single directions of single links
  for (std::uint64_t a = 1; a <= processes_.size(); ++a) {
    for (std::uint64_t b = 1; b <= processes_.size(); ++b) {
      bool apart = ((sides >> (a - 1)) & 1) != ((sides >> (b - 1)) & 1);
      if (in_two ? apart : random_.chance(1, 3))
        cut_.emplace(member_id{a}, member_id{b});
    }
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
    if (p.frozen > 0) {
      network_.push_back(std::move(bytes));
      continue;
    }
    if (p.alive && !cut_.contains({l->from, l->to}) && !random_.chance(weather_.loss, 1000))
      step(l->to, received{*std::move(l)});
  }
}

// The disk, the state machine and the host's answers, each at its own pace.
void world::host_work(member_id id) {
  auto& p = processes_[id];
  if (random_.chance(weather_.disk, 100) && p.disk.jobs() > 0) {
    std::optional<write_id> finished;
    bool voted = false;
    for (auto n = random_.between(1, p.disk.jobs()); n > 0; --n) {
      auto job = p.disk.perform_first();
      if (job.writes)
        finished = job.id;
      for (const auto& l : job.after) {
        network_.push_back(encode(l));
        const auto* vote = std::get_if<vote_answer>(&l.body);
        voted = voted || (vote && vote->granted);
      }
    }
    if (voted && random_.chance(weather_.crash, 60)) { // the worst moment to forget
      crash(id);
      return start(id);
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
  check_append(p.disk.whole(), out.append);
  p.disk.order(out);
  for (auto& e : out.apply)
    p.to_apply.push_back(std::move(e));
  for (const auto& r : out.reads)
    check_read(r);
  for (const auto& l : out.load)
    p.events.push_back(entries_loaded{l.from, p.disk.load(l)});
  for (auto& o : out.snapshots)
    p.orders.push_back(std::move(o));
  if (!out.leadership)
    return;
  check_leader(id, *out.leadership);
  bool leads = out.leadership->role == role_name::leader;
  p.doomed = leads && restless_ && random_.chance(3, 4) ? random_.between(1, 12) : 0;
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
    check_applied(p.memory, p.to_apply.front(), p.alive->look().ballot.term);
  step(id, applied{p.memory.at.index});
}

} // namespace troupe::raft
