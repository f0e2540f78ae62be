#include "actors/scheduler/queue/queue.hpp"

#include <algorithm>

namespace troupe::scheduler {

void queue::take_out(pod_id p, entry& e) {
  switch (e.where) {
  case place::active: active_.erase({-e.priority, e.created, p}); break;
  case place::pausing: pausing_.erase({e.ready, p}); break;
  case place::waiting: waiting_.erase({e.expires, p}); break;
  case place::gated: --gated_; break;
  case place::taken: break;
  }
  e.where = place::taken;
}

void queue::put(pod_id p, entry& e, place where) {
  e.where = where;
  switch (where) {
  case place::active: active_.emplace(-e.priority, e.created, p); break;
  case place::pausing: pausing_.emplace(e.ready, p); break;
  case place::waiting: waiting_.emplace(e.expires, p); break;
  case place::gated: ++gated_; break;
  case place::taken: break;
  }
}

void queue::try_again(pod_id p, entry& e, instant now) {
  take_out(p, e);
  put(p, e, e.ready > now ? place::pausing : place::active);
}

void queue::add(pod_id p, std::int64_t priority, instant created, bool gated, instant now) {
  auto [at, fresh] = entries_.try_emplace(p);
  auto& e = at->second;
  if (!fresh)
    take_out(p, e);
  e.priority = priority;
  e.created = created;
  if (gated)
    put(p, e, place::gated);
  else
    try_again(p, e, now);
}

bool queue::same(pod_id p, std::int64_t priority, bool gated) const {
  auto at = entries_.find(p);
  return at != entries_.end() && at->second.priority == priority
         && (at->second.where == place::gated) == gated;
}

void queue::remove(pod_id p) {
  auto at = entries_.find(p);
  if (at == entries_.end())
    return;
  take_out(p, at->second);
  entries_.erase(at);
}

/// Moves what has waited long enough.
void queue::wake(instant now) {
  while (!pausing_.empty() && pausing_.begin()->first <= now) {
    auto p = pausing_.begin()->second;
    auto& e = entries_.at(p);
    take_out(p, e);
    put(p, e, place::active);
  }
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    auto p = waiting_.begin()->second;
    try_again(p, entries_.at(p), now);
  }
}

std::optional<pod_id> queue::pop(instant now) {
  wake(now);
  if (active_.empty())
    return std::nullopt;
  auto p = std::get<2>(*active_.begin());
  auto& e = entries_.at(p);
  take_out(p, e);
  ++e.attempts;
  return p;
}

instant queue::pause_end(const entry& e, instant now) const {
  auto pause = limits_.first_pause;
  for (std::uint32_t i = 1; i < e.attempts && pause < limits_.longest_pause; ++i)
    pause *= 2;
  return now + std::min(pause, limits_.longest_pause);
}

void queue::refused(pod_id p, std::uint8_t helps, instant now) {
  auto at = entries_.find(p);
  if (at == entries_.end())
    return;
  auto& e = at->second;
  take_out(p, e);
  e.helps = helps;
  e.ready = pause_end(e, now);
  e.expires = now + limits_.patience;
  put(p, e, place::waiting);
}

void queue::failed(pod_id p, instant now) {
  auto at = entries_.find(p);
  if (at == entries_.end())
    return;
  auto& e = at->second;
  take_out(p, e);
  e.ready = pause_end(e, now);
  put(p, e, place::pausing);
}

void queue::happened(std::uint8_t what, instant now) {
  std::vector<pod_id> hopeful;
  for (const auto& [expires, p] : waiting_)
    if ((entries_.at(p).helps & what) != 0)
      hopeful.push_back(p);
  for (auto p : hopeful)
    try_again(p, entries_.at(p), now);
}

std::optional<instant> queue::next() const {
  if (!active_.empty())
    return instant::min();
  std::optional<instant> out;
  if (!pausing_.empty())
    out = pausing_.begin()->first;
  if (!waiting_.empty())
    out = out ? std::min(*out, waiting_.begin()->first) : waiting_.begin()->first;
  return out;
}

} // namespace troupe::scheduler
