#include "actors/scheduler/framework/preempt.hpp"

#include <tuple>

namespace troupe::scheduler {
namespace {

bool passes(const picture& p, const shape& s, const eligibility& e, node_id n) {
  return static_cast<bool>(filter(make_context(p, s, e), n));
}

/// Those who would have to go from `n`; nullopt: even without them it would not do.
std::optional<std::vector<pod_id>> victims_on(picture& p, pod_id who, const eligibility& e,
                                              node_id n) {
  const auto& pod = p.pod(who);
  const auto& s = p.shape_of(pod.shape);
  std::vector<pod_id> lower;
  for (auto other : p.rest(n).placed)
    if (p.pod(other).priority < pod.priority)
      lower.push_back(other);
  if (lower.empty())
    return std::nullopt;
  std::sort(lower.begin(), lower.end(), [&](pod_id a, pod_id b) {
    const auto& x = p.pod(a);
    const auto& y = p.pod(b);
    return std::tuple{-x.priority, x.created, a} < std::tuple{-y.priority, y.created, b};
  });
  for (auto v : lower)
    p.displace(v);
  std::optional<std::vector<pod_id>> victims;
  if (passes(p, s, e, n)) {
    victims.emplace();
    for (auto v : lower) { // the most important first: whoever can stay, stays
      p.place(v, n);
      if (passes(p, s, e, n))
        continue;
      p.displace(v);
      victims->push_back(v);
    }
  }
  for (auto v : lower)
    p.place(v, n);
  return victims;
}

} // namespace

std::optional<preemption> find_preemption(picture& p, pod_id who, const eligibility& e,
                                          std::size_t most) {
  std::optional<preemption> best;
  using price = std::tuple<std::int64_t, std::int64_t, std::size_t>;
  price lowest{};
  auto context = make_context(p, p.shape_of(p.pod(who).shape), e);
  std::size_t looked = 0;
  auto slots = static_cast<node_id>(p.slots());
  for (node_id i = 0; i < slots && looked < most; ++i) {
    auto n = (i + who) % slots; // begin elsewhere for each pod
    if (p.columns().live[n] == 0 || p.rest(n).placed.empty()
        || !evicting_may_help(filter(context, n).what))
      continue;
    ++looked;
    auto victims = victims_on(p, who, e, n);
    if (!victims || victims->empty())
      continue;
    std::int64_t sum = 0;
    for (auto v : *victims)
      sum += p.pod(v).priority + (std::int64_t{1} << 31); // more victims never cost less
    price cost{p.pod(victims->front()).priority, sum, victims->size()};
    if (!best || cost < lowest) {
      lowest = cost;
      best = preemption{n, std::move(*victims)};
    }
  }
  return best;
}

} // namespace troupe::scheduler
