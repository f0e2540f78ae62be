#include "actors/scheduler/framework/candidates.hpp"

namespace troupe::scheduler {

std::size_t enough_of(std::size_t nodes) {
  if (nodes <= 100)
    return nodes;
  auto percent = std::max<std::size_t>(5, 50 - std::min<std::size_t>(45, nodes / 125));
  return std::max<std::size_t>(100, nodes * percent / 100);
}

node_id sample(const context& c, node_id& start, std::size_t enough, random_source& random) {
  auto slots = c.picture.slots();
  node_id best = no_node;
  std::int32_t most = -1;
  std::uint64_t ties = 0;
  for (std::size_t i = 0; i < slots && enough > 0; ++i) {
    auto n = start < slots ? start : 0;
    start = n + 1;
    if (c.picture.columns().live[n] == 0 || !filter(c, n))
      continue;
    --enough;
    auto points = score(c, n);
    ties = points > most ? 1 : points == most ? ties + 1 : ties;
    if (points > most || (points == most && random.below(ties) == 0)) {
      best = n;
      most = points;
    }
  }
  return best;
}

void candidates::refresh(const picture& p, const shape& s) {
  bool all = fresh_ || epoch_ != p.epoch();
  if (all)
    eligible_ = find_eligible(p, s);
  auto c = make_context(p, s, eligible_);
  outlook now{c.least, c.nobody_yet};
  auto changed = p.since(seen_);
  all =
    all || now != outlook_ || !changed || changed->size() > p.slots() || score_.size() != p.slots();
  fresh_ = false;
  epoch_ = p.epoch();
  outlook_ = std::move(now);
  if (all)
    rebuild(c);
  else
    for (auto n : *changed)
      look(c, n);
  seen_ = p.now();
}

void candidates::rebuild(const context& c) {
  auto slots = c.picture.slots();
  score_.assign(slots, -1);
  place_.assign(slots, 0);
  bucket_.resize(static_cast<std::size_t>(most_score) + 1);
  for (auto& b : bucket_)
    b.clear();
  top_ = -1;
  count_ = 0;
  for (node_id n = 0; n < slots; ++n)
    look(c, n);
}

void candidates::look(const context& c, node_id n) {
  std::int32_t now = -1;
  if (c.picture.columns().live[n] != 0 && filter(c, n))
    now = std::clamp(score(c, n), 0, most_score);
  if (now == score_[n])
    return; // most placements change a score by less than a point
  if (score_[n] >= 0)
    remove(n);
  if (now >= 0)
    insert(n, now);
}

void candidates::insert(node_id n, std::int32_t score) {
  auto& b = bucket_[static_cast<std::size_t>(score)];
  score_[n] = score;
  place_[n] = static_cast<std::uint32_t>(b.size());
  b.push_back(n);
  top_ = std::max(top_, score);
  ++count_;
}

void candidates::remove(node_id n) {
  auto& b = bucket_[static_cast<std::size_t>(score_[n])];
  auto last = b.back();
  b[place_[n]] = last;
  place_[last] = place_[n];
  b.pop_back();
  score_[n] = -1;
  --count_;
}

node_id candidates::best(random_source& random) const {
  while (top_ >= 0 && bucket_[static_cast<std::size_t>(top_)].empty())
    --top_;
  if (top_ < 0)
    return no_node;
  const auto& b = bucket_[static_cast<std::size_t>(top_)];
  return b[random.below(b.size())];
}

} // namespace troupe::scheduler
