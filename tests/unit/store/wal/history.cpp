// What a log should hold.
#include "history.hpp"

#include <algorithm>

namespace troupe::wal {

namespace {

raft::configuration some_members(std::uint64_t n) {
  raft::configuration c;
  for (std::uint64_t i = 1; i <= n; ++i)
    c.members.push_back({member_id{i}, raft::member_role::voter, "host-" + std::to_string(i)});
  return c;
}

} // namespace

log_state state_of(const recovered& was) {
  log_state s{was.ballot, was.log.start(), {}};
  auto last = was.log.last().index;
  if (last > s.start.at.index)
    s.entries = was.log.slice(s.start.at.index + 1, last, ~std::uint64_t{0});
  return s;
}

result<void> history::act(log_file& log) {
  switch (random_.below(10)) {
  case 0: return cut(log);
  case 1: return log.prepare();
  case 2:
  case 3:
  case 4: return sync(log);
  default: return append(log);
  }
}

batch history::draw() {
  const auto& now = newest();
  auto last = now.start.at.index + now.entries.size();
  auto term = now.entries.empty() ? now.start.at.term : now.entries.back().term;
  batch b;
  if (random_.chance(1, 5))
    b.ballot = raft::ballot{std::max(term, now.ballot.term) + 1, member_id{random_.below(4)}};
  if (random_.chance(1, 30)) {
    b.reset = raft::snapshot_mark{{term + 1, last + random_.between(1, 50)},
                                  some_members(random_.between(1, 4))};
    last = b.reset->at.index;
    term = b.reset->at.term;
  } else if (random_.chance(1, 6) && !now.entries.empty()) {
    last = last - random_.between(1, std::min<std::uint64_t>(now.entries.size(), 5)); // a conflict
    term = term + 1;
  }
  auto largest = std::initializer_list<std::uint64_t>{0, 20, 600, 3000}.begin()[random_.below(4)];
  for (auto n = random_.below(8); n > 0; --n) {
    raft::entry e{term, ++last, raft::entry_kind::command, nullptr};
    std::string bytes = "entry " + std::to_string(++next_);
    bytes.resize(bytes.size() + random_.between(0, largest), 'x');
    e.command = share(std::move(bytes));
    if (random_.chance(1, 12))
      e = {term, last, raft::entry_kind::configuration, share(raft::encode(some_members(3)))};
    else if (random_.chance(1, 12))
      e = {term, last, raft::entry_kind::empty, nullptr};
    b.entries.push_back(std::move(e));
  }
  return b;
}

void history::note(const batch& b) {
  auto now = newest();
  if (b.ballot) {
    now.ballot = *b.ballot;
    states_.push_back(now);
  }
  if (b.reset) {
    now.start = *b.reset;
    now.entries.clear();
    states_.push_back(now);
  }
  for (const auto& e : b.entries) {
    now.entries.resize(e.index - now.start.at.index - 1);
    now.entries.push_back(e);
    states_.push_back(now);
  }
}

result<void> history::append(log_file& log) {
  auto b = draw();
  note(b); // before: some of it may be on the disk even if it fails
  return log.append(b);
}

result<void> history::sync(log_file& log) {
  auto done = log.sync();
  if (done && synced_.back() + 1 < states_.size())
    synced_.push_back(states_.size() - 1);
  return done;
}

result<void> history::cut(log_file& log) {
  auto now = newest();
  if (now.entries.empty())
    return {};
  auto gone = random_.between(1, now.entries.size());
  now.start = {now.entries[gone - 1].position(), some_members(3)};
  now.entries.erase(now.entries.begin(), now.entries.begin() + static_cast<std::ptrdiff_t>(gone));
  states_.push_back(now);
  auto done = log.cut_head(now.start);
  if (done && synced_.back() + 1 < states_.size())
    synced_.push_back(states_.size() - 1);
  return done;
}

bool history::plausible(const log_state& now, std::size_t syncs) const {
  auto from = synced_[synced_.size() - std::min(synced_.size(), syncs + 1)];
  return std::find(states_.begin() + static_cast<std::ptrdiff_t>(from), states_.end(), now)
         != states_.end();
}

bool history::resume(const log_state& now) {
  if (!plausible(now, 0))
    return false;
  states_ = {now};
  synced_ = {0};
  return true;
}

} // namespace troupe::wal
