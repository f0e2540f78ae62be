#include "netd/balancer/choice.hpp"

#include <algorithm>
#include <utility>

namespace troupe::balancer {

choice::backend* choice::find(const backend_address& which) {
  auto at =
    std::find_if(all_.begin(), all_.end(), [&](const backend& b) { return b.where == which; });
  return at == all_.end() ? nullptr : &*at;
}

void choice::set(const std::vector<backend_address>& all) {
  std::vector<backend> next;
  for (const auto& where : all) {
    const auto* known = find(where);
    next.push_back(known ? *known : backend{.where = where});
  }
  all_ = std::move(next);
}

bool choice::checked(const backend_address& which, bool good) {
  auto* b = find(which);
  auto now = good ? health::up : health::down;
  return b != nullptr && std::exchange(b->state, now) != now;
}

bool choice::refused(const backend_address& which) { return checked(which, false); }

void choice::opened(const backend_address& which) {
  if (auto* b = find(which))
    ++b->connections;
}

void choice::closed(const backend_address& which) {
  if (auto* b = find(which); b != nullptr && b->connections > 0)
    --b->connections;
}

std::vector<backend_address> choice::order() {
  std::vector<const backend*> sorted;
  auto first = all_.empty() ? 0 : turn_++ % all_.size();
  for (std::size_t i = 0; i < all_.size(); ++i)
    sorted.push_back(&all_[(first + i) % all_.size()]);
  auto rank = [](const backend* b) {
    return b->state == health::up ? 0 : b->state == health::unknown ? 1 : 2;
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const backend* a, const backend* b) {
    return std::pair{rank(a), a->connections} < std::pair{rank(b), b->connections};
  });
  std::vector<backend_address> out;
  for (const auto* b : sorted)
    out.push_back(b->where);
  return out;
}

} // namespace troupe::balancer
