#include "actors/bench/tally.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::bench {

std::string stamped(duration at, std::size_t size) {
  auto ns = static_cast<std::int64_t>(at.count());
  std::string out(std::max(size, sizeof ns), '.');
  std::memcpy(out.data(), &ns, sizeof ns);
  return out;
}

tally::tally(std::size_t watchers, std::function<duration()> now)
    : now_(std::move(now)), all_(watchers) {}

void tally::time(duration from, duration to) {
  std::lock_guard lock{mutex_};
  from_ = from;
  to_ = to;
}

void tally::on_change(std::size_t watcher, revision at, std::string_view value) {
  std::int64_t ns = 0;
  if (value.size() >= sizeof ns)
    std::memcpy(&ns, value.data(), sizeof ns);
  duration written{ns};
  std::lock_guard lock{mutex_};
  auto& w = all_.at(watcher);
  if (at <= w.last)
    ++seen_.disorder;
  w.last = at;
  ++w.count;
  ++seen_.delivered;
  if (written >= from_ && written < to_)
    seen_.took.add(now_() - written);
}

void tally::on_end(const std::string& why) {
  std::lock_guard lock{mutex_};
  seen_.ended = why;
}

tally::outcome tally::now() const {
  std::lock_guard lock{mutex_};
  auto out = seen_;
  if (!all_.empty())
    out.least = std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
                  return a.count < b.count;
                })->count;
  return out;
}

} // namespace troupe::bench
