#include "actors/scheduler/plugins/resources/plugin.hpp"

#include <cmath>

namespace troupe::scheduler {
namespace {

std::int64_t amount(const std::vector<std::pair<name_id, std::int64_t>>& all, name_id name) {
  for (const auto& [have, n] : all)
    if (have == name)
      return n;
  return 0;
}

/// Visits what is lacking until `visit` answers false. A request of nothing always fits.
template <class F> void each_lacking(const context& c, node_id n, F visit) {
  const auto& s = c.shape;
  const auto& at = c.picture.columns();
  if (at.pods_used[n] >= at.pods[n] && !visit(verdict{why::too_many_pods}))
    return;
  if (s.cpu > 0 && s.cpu > at.cpu[n] - at.cpu_used[n] && !visit(verdict{why::cpu}))
    return;
  if (s.memory > 0 && s.memory > at.memory[n] - at.memory_used[n] && !visit(verdict{why::memory}))
    return;
  if (s.storage > 0 && s.storage > at.storage[n] - at.storage_used[n]
      && !visit(verdict{why::storage}))
    return;
  for (const auto& [name, wanted] : s.extended) {
    const auto& rest = c.picture.rest(n);
    if (wanted > amount(rest.extended, name) - amount(rest.extended_used, name)
        && !visit(verdict{why::extended, name}))
      return;
  }
}

} // namespace

verdict resources::filter(const context& c, node_id n) {
  verdict first;
  each_lacking(c, n, [&](verdict v) {
    first = v;
    return false;
  });
  return first;
}

std::vector<verdict> resources::lacking(const context& c, node_id n) {
  std::vector<verdict> all;
  each_lacking(c, n, [&](verdict v) {
    all.push_back(v);
    return true;
  });
  return all;
}

std::int32_t resources::least_allocated(const context& c, node_id n) {
  const auto& at = c.picture.columns();
  auto part = [](std::int64_t total, std::int64_t used) -> std::int64_t {
    return total <= 0 || used > total ? 0 : (total - used) * 100 / total;
  };
  auto cpu = part(at.cpu[n], at.cpu_scored[n] + c.shape.scored_cpu);
  auto memory = part(at.memory[n], at.memory_scored[n] + c.shape.scored_memory);
  return static_cast<std::int32_t>((cpu + memory) / 2);
}

std::int32_t resources::balanced(const context& c, node_id n) {
  const auto& at = c.picture.columns();
  auto fraction = [](std::int64_t total, std::int64_t used) {
    return total <= 0 ? 1.0 : std::min(1.0, static_cast<double>(used) / static_cast<double>(total));
  };
  auto cpu = fraction(at.cpu[n], at.cpu_scored[n] + c.shape.scored_cpu);
  auto memory = fraction(at.memory[n], at.memory_scored[n] + c.shape.scored_memory);
  // The standard deviation of two numbers is half their distance.
  return static_cast<std::int32_t>((1.0 - std::abs(cpu - memory) / 2) * 100);
}

} // namespace troupe::scheduler
