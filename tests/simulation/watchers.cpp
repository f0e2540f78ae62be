#include "tests/simulation/watchers.hpp"

#include "tests/simulation/outside.hpp"

#include <algorithm>

namespace troupe::sim {
namespace {

constexpr duration wait = 2s;
constexpr duration deadline = 15s;

} // namespace

watchers::watchers(cluster& c) : c_(c) {
  for (std::size_t i = 0; i < c.with.watchers; ++i) {
    watcher w{.name = "w" + std::to_string(i), .prefix = {}, .at = i % c.members.size()};
    if (i % 3 == 1)
      w.prefix = "r/";
    if (i % 3 == 2) {
      w.prefix = "r/1";
      w.exact = i % 2 == 0;
    }
    all_.push_back(std::move(w));
    again(i);
  }
}

bool watchers::all_reached(revision r) const {
  return std::all_of(all_.begin(), all_.end(), [&](const watcher& w) {
    return !w.segments.empty() && w.segments.back().up_to >= r;
  });
}

void watchers::again(std::size_t who) {
  c_.world.after(std::chrono::milliseconds{c_.world.random().between(1, 300)},
                 [this, who] { begin(who); });
}

void watchers::begin(std::size_t who) {
  if (stopped_)
    return;
  auto& w = all_[who];
  if (!c_.up(w.at) || c_.world.random().chance(1, 4))
    w.at = c_.world.random().below(c_.members.size());
  auto through = c_.members[w.at].now;
  if (!through)
    return again(who);
  ask(c_.world, through->hub.handle(), storage::follow{w.prefix, w.exact, w.position}, deadline,
      [this, who, through](const result<storage::followed>& r) {
        auto& me = all_[who];
        if (!r) {
          if (r.error().reason == reason::expired) {
            me.position.reset(); // a client lists again
            ++c_.to.count["watches expired"];
          }
          return again(who);
        }
        ++c_.to.count["watches begun"];
        if (!me.position) {
          me.position = r->at;
          me.segments.push_back({.after = r->at, .up_to = r->at, .seen = {}});
        }
        next(who, through, r->subscription);
      });
}

void watchers::next(std::size_t who, std::shared_ptr<life> through, std::uint64_t subscription) {
  if (stopped_)
    return;
  if (c_.world.random().chance(1, 60)) { // the client leaves, perhaps for another master
    kernel::tell(through->hub.handle(), storage::unfollow{subscription});
    return again(who);
  }
  ask(c_.world, through->hub.handle(), storage::next_changes{subscription, wait}, deadline,
      [this, who, through, subscription](const result<storage::changes>& r) {
        if (!r)
          return again(who);
        take(all_[who], *r);
        next(who, through, subscription);
      });
}

void watchers::take(watcher& w, const storage::changes& got) {
  auto& s = w.segments.back();
  for (const auto& change : got.list) {
    if (change->at <= *w.position)
      c_.to.violation("watch " + w.name + ": revision " + to_string(change->at) + " comes after "
                      + to_string(*w.position));
    w.position = change->at;
    s.up_to = std::max(s.up_to, change->at);
    s.seen.push_back(change);
  }
  if (got.up_to > s.up_to)
    w.position = s.up_to = got.up_to;
  c_.to.count["changes watched"] += got.list.size();
}

} // namespace troupe::sim
