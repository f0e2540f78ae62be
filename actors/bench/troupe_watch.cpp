#include "actors/bench/troupe_watch.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::bench {
namespace {

constexpr std::uint32_t wait_ms = 20'000;
// Changes of one answer: a watcher is sent at most 250 answers per second.
constexpr std::uint32_t gather_ms = 4;

} // namespace

void watch_stream::start(finish started) {
  to_ = {.on_change =
           [this](store::follower_id who, const store::relayed_change& c) {
             if (auto w = watchers_.find(who); w != watchers_.end())
               what_.to->on_change(w->second, c.at, c.value);
           },
         .on_mark = {},
         .on_gone = [this](store::follower_id) { broke("it fell too far behind"); }};
  by_.ask<storage::raw_followed>(
    on_, storage::follow_raw{.stream = 0, .prefix = what_.prefix, .exact = false, .after = {}},
    [me = shared_from_this(), started = std::move(started)](const storage::raw_followed* answer) {
      if (!answer)
        return started(false);
      me->stream_ = answer->stream;
      me->joined(answer, started);
      for (std::size_t i = 1; i < me->what_.count; ++i)
        me->join(started);
    });
}

void watch_stream::join(const finish& started) {
  by_.ask<storage::raw_followed>(
    on_,
    storage::follow_raw{.stream = stream_, .prefix = what_.prefix, .exact = false, .after = {}},
    [me = shared_from_this(), started](const storage::raw_followed* answer) {
      me->joined(answer, started);
    });
}

void watch_stream::joined(const storage::raw_followed* answer, const finish& started) {
  if (!answer) {
    if (!std::exchange(failed_, true))
      started(false);
    return;
  }
  auto number = what_.first + watchers_.size();
  watchers_.emplace(store::follower_id{answer->follower}, number);
  if (watchers_.size() < what_.count || failed_)
    return;
  next();
  started(true);
}

void watch_stream::next() {
  if (stopped_)
    return;
  by_.ask<storage::raw_changes>(
    on_, storage::next_raw{.stream = stream_, .wait_ms = wait_ms, .gather_ms = gather_ms},
    [me = shared_from_this()](const storage::raw_changes* answer) { me->take(answer); });
}

void watch_stream::take(const storage::raw_changes* answer) {
  if (stopped_)
    return;
  if (!answer)
    return broke("the master does not answer");
  next(); // the next answer is made while this one is read
  if (!store::read_relayed(answer->what, to_))
    broke("the answer is malformed");
}

void watch_stream::broke(const std::string& why) {
  if (!std::exchange(failed_, true) && !stopped_)
    what_.to->on_end(why);
}

void watch_stream::stop() {
  stopped_ = true;
  kernel::tell(on_, storage::unfollow_raw{.stream = stream_, .follower = 0});
}

} // namespace troupe::bench
