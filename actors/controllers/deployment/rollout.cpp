#include "actors/controllers/deployment/rollout.hpp"

#include "actors/controllers/deployment/annotations.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::deployment {
namespace {

std::int64_t unavailable_raw(const views::deployment& d) {
  return d.recreate ? 0 : d.max_unavailable.of(d.replicas, false);
}

/// Takes away first what is not available anyway. Answers how much was taken.
std::int64_t take_unhealthy(family& f, std::int64_t most) {
  std::int64_t taken = 0;
  for (auto& m : f.old) {
    auto broken = m.size - std::min(m.size, m.available());
    auto n = std::min(most - taken, broken);
    if (n <= 0)
      continue;
    m.size -= n;
    taken += n;
  }
  return taken;
}

void shrink_old(family& f) {
  const auto& d = *f.deployment;
  auto floor = d.replicas - max_unavailable(d);
  auto fresh_missing = f.fresh ? f.fresh->size - f.fresh->available() : 0;
  auto spare = f.asked() - floor - fresh_missing;
  if (spare <= 0)
    return;
  auto taken = take_unhealthy(f, spare);
  auto total = std::min(f.available() - floor, spare - taken);
  for (auto& m : f.old) {
    auto n = std::min(m.size, total);
    if (n <= 0)
      continue;
    m.size -= n;
    total -= n;
  }
}

/// The share of one set in a change of the whole (Kubernetes' GetProportion).
std::int64_t proportion(const member& m, const views::deployment& d, std::int64_t change,
                        std::int64_t given) {
  if (m.asked() == 0 || change == given)
    return 0;
  auto before = number_annotation(m.set->meta, max_replicas_annotation).value_or(0);
  if (before <= 0)
    before = std::max<std::int64_t>(d.status.replicas, 1);
  auto after = static_cast<double>(d.replicas + max_surge(d));
  auto exact = static_cast<double>(m.asked()) * after / static_cast<double>(before);
  auto share = d.replicas == 0 ? -m.asked() : std::llround(exact) - m.asked();
  auto left = change - given;
  return change > 0 ? std::min<std::int64_t>(share, left) : std::max<std::int64_t>(share, left);
}

void share_out(family& f) {
  const auto& d = *f.deployment;
  std::vector<member*> active;
  std::int64_t total = 0;
  for (auto* m : f.all())
    if (m->active()) {
      active.push_back(m);
      total += m->size;
    }
  auto change = (d.replicas > 0 ? d.replicas + max_surge(d) : 0) - total;
  std::stable_sort(active.begin(), active.end(), [&](const member* a, const member* b) {
    if (a->size != b->size)
      return a->size > b->size;
    auto born = [](const member* m) { return m->set->meta.created.value_or(instant{}); };
    return change > 0 ? born(a) > born(b) : born(a) < born(b);
  });
  std::int64_t given = 0;
  for (auto* m : active) {
    auto n = proportion(*m, d, change, given);
    m->size += n;
    given += n;
  }
  if (!active.empty()) // what rounding left over goes to the largest
    active.front()->size = std::max<std::int64_t>(0, active.front()->size + change - given);
}

bool saturated(const family& f) {
  const auto& d = *f.deployment;
  return f.fresh && f.fresh->asked() == d.replicas && f.fresh->available() == d.replicas
         && number_annotation(f.fresh->set->meta, desired_annotation) == d.replicas;
}

} // namespace

std::int64_t member::held() const { return std::max(set->replicas, set->status.replicas); }

std::vector<member*> family::all() {
  std::vector<member*> out;
  for (auto& m : old)
    out.push_back(&m);
  if (fresh)
    out.push_back(&*fresh);
  return out;
}

std::int64_t family::asked() const {
  std::int64_t sum = fresh ? fresh->size : 0;
  for (const auto& m : old)
    sum += m.size;
  return sum;
}

std::int64_t family::available() const {
  std::int64_t sum = fresh ? fresh->available() : 0;
  for (const auto& m : old)
    sum += m.available();
  return sum;
}

bool family::unsettled() const {
  return (fresh && fresh->unsettled())
         || std::any_of(old.begin(), old.end(), [](const auto& m) { return m.unsettled(); });
}

std::int64_t max_surge(const views::deployment& d) {
  return d.recreate ? 0 : d.max_surge.of(d.replicas, true);
}

std::int64_t max_unavailable(const views::deployment& d) {
  if (d.recreate || d.replicas == 0)
    return 0;
  auto n = unavailable_raw(d);
  if (n == 0 && max_surge(d) == 0)
    n = 1;
  return std::min(n, d.replicas);
}

std::int64_t fresh_size(const family& f) {
  const auto& d = *f.deployment;
  auto size = f.fresh ? f.fresh->size : 0;
  if (d.recreate || size > d.replicas)
    return d.replicas;
  if (f.unsettled())
    return size;
  auto held = f.fresh ? f.fresh->held() : 0;
  for (const auto& m : f.old)
    held += m.held();
  auto room = d.replicas + max_surge(d) - held;
  return size + std::max<std::int64_t>(0, std::min(room, d.replicas - size));
}

void roll(family& f) {
  if (f.fresh) {
    auto size = fresh_size(f);
    if (size != f.fresh->size) {
      f.fresh->size = size;
      return;
    }
  }
  shrink_old(f);
}

void shut_down_old(family& f) {
  for (auto& m : f.old)
    m.size = 0;
}

void rescale(family& f) {
  const auto& d = *f.deployment;
  std::vector<member*> active;
  for (auto* m : f.all())
    if (m->active())
      active.push_back(m);
  if (active.size() <= 1) {
    auto* only = !active.empty() ? active.front()
                 : f.fresh       ? &*f.fresh
                 : f.old.empty() ? nullptr
                                 : &f.old.back();
    if (only != nullptr)
      only->size = d.replicas;
    return;
  }
  if (saturated(f)) {
    shut_down_old(f);
    return;
  }
  if (!d.recreate)
    share_out(f);
}

} // namespace troupe::deployment
