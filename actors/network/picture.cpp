#include "actors/network/picture.hpp"

namespace troupe::network {

void picture::note(kind of, const std::vector<api::event>& events, bool whole) {
  for (const auto& e : events)
    note_one(of, e);
  if (!whole)
    return;
  forget_others(of, events);
  switch (of) {
  case kind::services: services_known_ = true; break;
  case kind::slices: slices_known_ = true; break;
  case kind::nodes: nodes_known_ = true; break;
  }
}

void picture::note_one(kind of, const api::event& e) {
  using what = api::event::kind;
  if (!e.of || (e.what != what::added && e.what != what::modified && e.what != what::deleted))
    return;
  bool gone = e.what == what::deleted;
  switch (of) {
  case kind::services:
    gone ? routes_.remove_service(netd::key_of(*e.of)) : routes_.put_service(*e.of);
    break;
  case kind::slices:
    gone ? routes_.remove_slice(netd::key_of(*e.of)) : routes_.put_slice(*e.of);
    break;
  case kind::nodes:
    if (auto network = gone ? std::nullopt : netd::network_of(*e.of))
      nodes_[e.of->meta.name] = std::move(*network);
    else
      nodes_.erase(e.of->meta.name);
    break;
  }
}

void picture::forget_others(kind of, const std::vector<api::event>& present) {
  std::set<std::string> keys;
  for (const auto& e : present)
    keys.insert(of == kind::nodes ? e.of->meta.name : netd::key_of(*e.of));
  switch (of) {
  case kind::services:
    for (const auto& key : routes_.services())
      if (!keys.contains(key))
        routes_.remove_service(key);
    break;
  case kind::slices:
    for (const auto& key : routes_.slices())
      if (!keys.contains(key))
        routes_.remove_slice(key);
    break;
  case kind::nodes:
    std::erase_if(nodes_, [&](const auto& n) { return !keys.contains(n.first); });
    break;
  }
}

netd::route_changes picture::take_rules() {
  left_.add(routes_.take_changes());
  return std::exchange(left_, {});
}

void picture::put_back(const netd::route_changes& failed) {
  auto newer = std::exchange(left_, failed);
  left_.add(std::move(newer));
}

} // namespace troupe::network
