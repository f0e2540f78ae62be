#include "actors/controllers/shell/work_queue.hpp"

#include <algorithm>

namespace troupe::control {

void work_queue::add(const std::string& key) {
  if (busy_.contains(key)) {
    again_.insert(key);
    return;
  }
  parked_.erase(key);
  if (queued_.insert(key).second)
    ready_.push_back(key);
}

void work_queue::add_at(const std::string& key, instant at) {
  auto [known, fresh] = later_.try_emplace(key, at);
  if (!fresh) {
    if (known->second <= at)
      return;
    times_.erase({known->second, key});
    known->second = at;
  }
  times_.emplace(at, key);
}

void work_queue::wake(instant now) {
  while (!times_.empty() && times_.begin()->first <= now) {
    auto key = times_.begin()->second;
    times_.erase(times_.begin());
    later_.erase(key);
    add(key);
  }
}

std::optional<std::string> work_queue::next(instant now) {
  wake(now);
  if (ready_.empty())
    return std::nullopt;
  auto key = std::move(ready_.front());
  ready_.pop_front();
  queued_.erase(key);
  busy_.insert(key);
  return key;
}

void work_queue::done(const std::string& key) {
  busy_.erase(key);
  pauses_.erase(key);
  if (again_.erase(key) > 0)
    add(key);
}

void work_queue::failed(const std::string& key, instant now) {
  busy_.erase(key);
  again_.erase(key); // the pause holds also for what happened meanwhile
  auto& pause = pauses_[key];
  pause = pause == duration{} ? limits_.first_pause : std::min(2 * pause, limits_.longest_pause);
  add_at(key, now + pause);
}

void work_queue::park(const std::string& key) {
  busy_.erase(key);
  again_.erase(key);
  parked_.insert(key);
}

void work_queue::unpark() {
  for (const auto& key : std::exchange(parked_, {}))
    add(key);
}

std::optional<instant> work_queue::next_at() const {
  if (!ready_.empty())
    return instant::min();
  if (times_.empty())
    return std::nullopt;
  return times_.begin()->first;
}

} // namespace troupe::control
