// Runs a script of a protocol story.
#include "script.hpp"

#include "store/raft/print.hpp"

#include <algorithm>
#include <sstream>

namespace troupe::raft {

namespace {

member_id id_of(const std::string& word) { return member_id{std::stoull(word)}; }

std::string name(member_id id) { return to_string(id); }

} // namespace

std::string script::run(const std::string& text) {
  std::string out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  "))
      continue; // the trace of an earlier run
    out += line + "\n";
    if (line.empty() || line.starts_with("#"))
      continue;
    std::istringstream in{line};
    words w;
    for (std::string word; in >> word;)
      w.push_back(word);
    bool quietly = w.front() == "quietly";
    if (quietly)
      w.erase(w.begin());
    try {
      command(w);
    } catch (const broken_invariant& broken) {
      say(std::string{"invariant broken: "} + broken.what());
    } catch (const std::exception& e) {
      throw std::runtime_error("'" + line + "': " + e.what());
    }
    if (!quietly)
      out += trace_.empty() ? "  nothing\n" : trace_;
    trace_.clear();
  }
  return out;
}

void script::command(words w) {
  if (change(w) || network(w) || hardware(w))
    return;
  throw std::runtime_error("is no command");
}

bool script::change(const words& w) {
  const auto& verb = w[0];
  auto id =
    w.size() > 1 && std::isdigit(static_cast<unsigned char>(w[1][0])) ? id_of(w[1]) : nobody;
  if (verb == "group")
    group(w);
  else if (verb == "log")
    prepared_log(w);
  else if (verb == "campaign")
    step(id, campaign{});
  else if (verb == "tick")
    for (auto n = w.size() > 2 ? std::stoi(w[2]) : 1; n > 0; --n)
      step(id, tick{});
  else if (verb == "propose") {
    std::vector<shared_bytes> commands;
    for (std::size_t i = 2; i < w.size(); ++i)
      commands.push_back(share(w[i]));
    step(id, proposal{ticket{++tickets_}, std::move(commands)});
  } else if (verb == "read")
    step(id, read{ticket{++tickets_}});
  else if (verb == "transfer")
    step(id, transfer_leadership{w.size() > 3 ? id_of(w[3]) : nobody});
  else if (verb == "reset")
    step(id, connection_reset{id_of(w.at(3))});
  else if (verb == "add")
    step(id, change_membership{ticket{++tickets_}, add_learner{id_of(w.at(3)), ""}});
  else if (verb == "promote")
    step(id, change_membership{ticket{++tickets_}, promote{id_of(w.at(3))}});
  else if (verb == "remove")
    step(id, change_membership{ticket{++tickets_}, remove_member{id_of(w.at(3))}});
  else
    return false;
  return true;
}

bool script::network(const words& w) {
  if (w[0] == "deliver" || w[0] == "drop") {
    bool from = w.size() > 3 && w[2] == "from";
    auto sender = from ? id_of(w[3]) : nobody;
    auto limit = from ? 4U : 2U;
    auto count = w.size() > limit ? std::stoull(w[limit]) : letters_.size();
    if (w[0] == "deliver") {
      deliver(id_of(w.at(1)), sender, count);
      return true;
    }
    for (auto i = letters_.begin(); i != letters_.end() && count > 0;) {
      bool hit = i->to == id_of(w.at(1)) && (sender == nobody || i->from == sender);
      if (hit)
        say("lost: " + to_text(*i));
      count -= hit ? 1 : 0;
      i = hit ? letters_.erase(i) : std::next(i);
    }
    return true;
  }
  if (w[0] == "letters") {
    for (const auto& l : letters_)
      say(to_text(l));
    return true;
  }
  return false;
}

bool script::hardware(const words& w) {
  if (w[0] == "sync") {
    sync(id_of(w.at(1)), w.size() > 2 ? std::stoull(w[2]) : ~0ULL);
  } else if (w[0] == "host") {
    host_work(id_of(w.at(1)));
  } else if (w[0] == "settle") {
    std::vector<member_id> who;
    for (std::size_t i = 1; i < w.size(); ++i)
      who.push_back(id_of(w[i]));
    settle(who);
  } else if (w[0] == "crash") {
    auto& h = at(id_of(w.at(1)));
    say(name(id_of(w[1])) + " loses " + std::to_string(h.disk.jobs()) + " unfinished writes");
    h.disk.lose_power();
    h.to_apply.clear();
    h.loads.clear();
    h.orders.clear();
    h.alive.reset();
  } else if (w[0] == "restart") {
    start(id_of(w.at(1)));
    show_status();
  } else if (w[0] == "flush") {
    auto& h = at(id_of(w.at(1)));
    h.durable = h.applied;
    step(id_of(w[1]), compact{h.durable.index});
  } else if (w[0] == "status") {
    show_status();
  } else {
    return false;
  }
  return true;
}

void script::group(const words& w) {
  options_ = {.heartbeat_ticks = 1,
              .election_ticks = 10,
              .keep_entries = 0,
              .chunk_bytes = 10,
              .promote_lag = 2};
  auto role = member_role::voter;
  std::vector<member_id> outside;
  for (std::size_t i = 1; i < w.size(); ++i) {
    if (w[i] == "learners")
      role = member_role::learner;
    else if (w[i] == "outside") // has a process, but is no member yet
      outside.push_back(id_of(w.at(++i)));
    else if (w[i] == "election")
      options_.election_ticks = static_cast<std::uint32_t>(std::stoul(w.at(++i)));
    else if (w[i] == "in-flight")
      options_.max_in_flight = static_cast<std::uint32_t>(std::stoul(w.at(++i)));
    else if (w[i] == "in-flight-bytes")
      options_.max_in_flight_bytes = std::stoull(w.at(++i));
    else if (w[i] == "batch-bytes")
      options_.max_batch_bytes = std::stoull(w.at(++i));
    else if (w[i] == "uncommitted-bytes")
      options_.max_uncommitted_bytes = std::stoull(w.at(++i));
    else if (w[i] == "memory-bytes")
      options_.memory_bytes = std::stoull(w.at(++i));
    else if (w[i] == "keep")
      options_.keep_entries = std::stoull(w.at(++i));
    else
      first_.members.push_back({id_of(w[i]), role, ""});
  }
  for (const auto& m : first_.members)
    hosts_[m.id].disk.format({{}, first_});
  for (auto id : outside)
    hosts_[id];
  say(to_text(first_));
}

// log 1 of terms 1 1 4 ballot 6: as if all of it had been written, and nothing been committed.
void script::prepared_log(const words& w) {
  auto& h = hosts_.at(id_of(w.at(1)));
  effects out;
  term_id term{};
  for (std::size_t i = 4; i < w.size(); ++i) {
    if (w[i] == "ballot") {
      term = term_id{std::stoull(w.at(i + 1))};
      break;
    }
    term = term_id{std::stoull(w[i])};
    out.append.push_back({term, log_index{i - 3}, entry_kind::command, share("x")});
  }
  out.save_ballot = ballot{term, nobody};
  h.disk.order(out);
  h.disk.perform_first();
  say(name(id_of(w[1])) + " has " + std::to_string(out.append.size()) + " entries");
}

script::host& script::at(member_id id) {
  auto& h = hosts_.at(id);
  if (!h.alive && h.starts == 0)
    start(id);
  return h;
}

void script::start(member_id id) {
  auto& h = hosts_.at(id);
  auto o = options_;
  o.self = id;
  o.seed = raw(id) * 1000 + static_cast<std::uint64_t>(++h.starts);
  recovered from{.ballot = h.disk.durable().ballot,
                 .log = h.disk.log(),
                 .applied = h.durable.index,
                 .snapshot = h.installed};
  from.log.forget(from.log.last().index, o.memory_bytes);
  h.applied = h.durable;
  h.alive = std::make_unique<core>(o, std::move(from));
}

void script::step(member_id id, const event& e, bool with_sends) {
  auto& h = at(id);
  if (!h.alive)
    throw std::runtime_error("the member is dead");
  auto out = h.alive->step(e);
  std::istringstream lines{to_text(out)};
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, 2);
    bool sends = line.starts_with("send ") || line.starts_with("after ");
    if (line != "nothing" && (with_sends || !sends))
      say(name(id) + ": " + line);
  }
  letters_.insert(letters_.end(), out.send_now.begin(), out.send_now.end());
  h.disk.order(out);
  h.to_apply.insert(h.to_apply.end(), out.apply.begin(), out.apply.end());
  h.loads.insert(h.loads.end(), out.load.begin(), out.load.end());
  h.orders.insert(h.orders.end(), out.snapshots.begin(), out.snapshots.end());
}

bool script::sync(member_id id, std::uint64_t count, bool with_sends) {
  auto& h = at(id);
  bool any = false;
  for (; h.alive && count > 0 && h.disk.jobs() > 0; --count) {
    any = true;
    auto job = h.disk.perform_first();
    if (job.writes && with_sends)
      say(name(id) + " has written " + std::to_string(static_cast<std::uint64_t>(job.id)));
    letters_.insert(letters_.end(), job.after.begin(), job.after.end());
    if (job.writes)
      step(id, write_finished{job.id}, with_sends);
  }
  return any;
}

bool script::deliver(member_id to, member_id from, std::uint64_t count, bool with_sends) {
  std::vector<letter> arrived;
  for (auto i = letters_.begin(); i != letters_.end() && arrived.size() < count;) {
    bool hit = i->to == to && (from == nobody || i->from == from);
    if (hit)
      arrived.push_back(*i);
    i = hit ? letters_.erase(i) : std::next(i);
  }
  for (const auto& l : arrived) {
    if (!at(to).alive) {
      say("lost: " + to_text(l));
      continue;
    }
    say(to_text(l));
    step(to, received{l}, with_sends);
  }
  return !arrived.empty();
}

bool script::host_work(member_id id, bool with_sends) {
  auto& h = at(id);
  if (!h.alive)
    return false;
  bool any = !h.to_apply.empty() || !h.loads.empty() || !h.orders.empty();
  if (!h.to_apply.empty()) {
    h.applied = h.to_apply.back().position();
    h.to_apply.clear();
    step(id, applied{h.applied.index}, with_sends);
  }
  while (!h.loads.empty()) {
    auto wanted = h.loads.front();
    h.loads.pop_front();
    step(id, entries_loaded{wanted.from, h.disk.load(wanted)}, with_sends);
  }
  while (!h.orders.empty()) {
    auto order = h.orders.front();
    h.orders.pop_front();
    perform(id, order, with_sends);
  }
  return any;
}

void script::perform(member_id id, const snapshot_order& o, bool with_sends) {
  auto& h = at(id);
  constexpr std::uint64_t total = 25;
  if (const auto* take = std::get_if<take_snapshot>(&o)) {
    step(id, snapshot_taken{take->to, snapshot_id{++snapshots_}, h.applied.index, total},
         with_sends);
  } else if (const auto* load = std::get_if<load_chunk>(&o)) {
    auto size = std::min(load->max_bytes, total - load->offset);
    step(id, chunk_loaded{load->to, load->id, load->offset, share(std::string(size, 's'))},
         with_sends);
  } else if (const auto* store = std::get_if<store_chunk>(&o)) {
    h.incoming = store->offset + store->bytes->size();
    step(id, chunk_stored{store->from, store->id, h.incoming}, with_sends);
  } else if (const auto* install = std::get_if<install_snapshot>(&o)) {
    h.applied = h.durable = install->mark.at;
    h.installed = install->mark;
    step(id, snapshot_installed{install->from, install->id, true}, with_sends);
  }
}

void script::settle(const std::vector<member_id>& who) {
  for (bool any = true; any;) {
    any = false;
    for (auto& [id, h] : hosts_) {
      if (!who.empty() && std::find(who.begin(), who.end(), id) == who.end())
        continue;
      if (!h.alive && h.starts > 0)
        continue;
      any = sync(id, ~0ULL, false) || any;
      any = deliver(id, nobody, ~0ULL, false) || any;
      any = host_work(id, false) || any;
    }
  }
}

void script::show_status() {
  for (auto& [id, h] : hosts_) {
    if (!at(id).alive) {
      say(name(id) + " is dead");
      continue;
    }
    auto s = h.alive->look();
    std::string line = name(id) + " " + std::string{to_text(s.leadership.role)} + " term "
                       + to_string(s.ballot.term) + " leader " + to_string(s.leadership.leader)
                       + " log " + to_text(s.first) + ".." + to_text(s.last) + " commit "
                       + to_string(s.commit) + " applied " + to_string(s.applied)
                       + (s.durable == s.last.index ? "" : " durable " + to_string(s.durable));
    for (const auto& p : s.peers)
      line += "; " + name(p.id) + " " + std::string{p.way} + " match " + to_string(p.match)
              + " next " + to_string(p.next);
    say(line);
  }
}

} // namespace troupe::raft
