#include "actors/lease/suspicion.hpp"

namespace troupe::lease {

void suspicion::sizes(std::size_t masters, std::size_t nodes) {
  masters_ = masters;
  count_ = nodes;
}

void suspicion::leader_changed(instant now) { leader_since_ = now; }

void suspicion::lost(member_id master, const std::string& node, instant now) {
  auto& e = nodes_[node];
  bool before = majority(e);
  e.lost_by.insert(master);
  if (before || !majority(e))
    return;
  e.since = now;
  excuse(now);
}

/// One node alone never vanishes "together", however small the cluster.
void suspicion::excuse(instant now) {
  auto recent = [&](const entry& e) { return majority(e) && now - e.since <= settings_.together; };
  std::size_t n = 0;
  for (const auto& [name, e] : nodes_)
    n += recent(e) ? 1 : 0;
  if (n < 2 || 3 * n <= count_)
    return;
  for (auto& [name, e] : nodes_)
    e.excused = e.excused || recent(e);
}

void suspicion::found(member_id master, const std::string& node) {
  auto at = nodes_.find(node);
  if (at == nodes_.end())
    return;
  at->second.lost_by.erase(master);
  if (!majority(at->second))
    at->second.excused = false;
  if (at->second.lost_by.empty())
    nodes_.erase(at);
}

void suspicion::drop_master(member_id master) {
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    at->second.lost_by.erase(master);
    at = at->second.lost_by.empty() ? nodes_.erase(at) : std::next(at);
  }
}

std::set<std::string> suspicion::suspects() const {
  std::set<std::string> out;
  for (const auto& [name, e] : nodes_)
    if (majority(e) && !e.excused)
      out.insert(name);
  return out;
}

} // namespace troupe::lease
