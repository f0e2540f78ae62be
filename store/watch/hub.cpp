#include "store/watch/hub.hpp"

#include "config/base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace troupe::store {

watch_hub::watch_hub(revision last, revision compacted, const hub_limits& limits,
                     const hub_bugs& bugs)
    : limits_(limits), bugs_(bugs), window_(last, limits.window), compacted_(compacted) {
  invariant(limits_.in_flight > 0 && limits_.batch > 0, "a watcher can be sent something");
}

// -- who watches ---------------------------------------------------------------------------------

watch_answer watch_hub::subscribe(const watch_request& request) {
  invariant(!watchers_.contains(request.who), "a watcher's id is used once");
  watch_answer out;
  if (request.after > window_.last()) {
    out.what = watch_start::not_yet;
    return out;
  }
  if (request.after < window_.start()) {
    out.what = request.after < compacted_ ? watch_start::expired : watch_start::read_history;
    out.upto = window_.last();
    return out;
  }
  auto& w = watchers_[request.who];
  w.who = request.who;
  w.exact = request.exact;
  w.bookmarks = request.bookmarks;
  w.home = groups_.try_emplace(request.prefix).first;
  auto& members = w.exact ? w.home->second.exact : w.home->second.all;
  w.place = members.size();
  members.push_back(&w);
  w.position = request.after;
  fall_behind(w, request.after);
  read_on(w, out.plan);
  return out;
}

void watch_hub::unsubscribe(watcher_id who) {
  auto at = watchers_.find(who);
  if (at == watchers_.end())
    return;
  auto& w = at->second;
  catch_up(w);
  auto& home = w.home->second;
  auto& members = w.exact ? home.exact : home.all;
  members[w.place] = members.back();
  members[w.place]->place = w.place;
  members.pop_back();
  if (home.exact.empty() && home.all.empty())
    groups_.erase(w.home);
  watchers_.erase(at);
}

void watch_hub::fall_behind(watcher& w, revision position) {
  w.behind = true;
  w.position = position;
  behind_.emplace(position, w.who);
}

void watch_hub::catch_up(watcher& w) {
  if (w.behind)
    behind_.erase({w.position, w.who});
  w.behind = false;
}

// -- what happens --------------------------------------------------------------------------------

watch_plan watch_hub::publish(std::span<const change_ptr> changes, revision last,
                              revision compacted) {
  auto next = changes.empty() ? last : changes.front()->at;
  auto gap = next > window_.last() + (changes.empty() ? 0 : 1);
  auto leap = !changes.empty()
              && (last != changes.back()->at || last - changes.front()->at + 1 != changes.size());
  if ((gap || leap)
      && !limits_.sparse) // the revision jumped: nobody can tell what a watcher has seen
    return reset(last, compacted);
  compacted_ = compacted;
  watch_plan plan;
  auto before = window_.last();
  std::vector<group_changes> touched;
  std::vector<match> found;
  for (auto& each : changes) {
    window_.add(each);
    if (std::exchange(drop_next_, false))
      continue;
    find_groups(each->key(), found);
    for (auto& [home, exact] : found)
      note(touched, *home, exact, each);
  }
  for (auto& each : touched) {
    each.home->touched = 0;
    if (!each.all->changes.empty())
      send(each.home->all, each.all, before, plan);
    if (!each.exact->changes.empty())
      send(each.home->exact, each.exact, before, plan);
  }
  if (last > window_.last())
    window_.advance(last);
  window_.trim();
  expire(plan);
  return plan;
}

/// The groups whose prefix `key` starts with: the greatest prefix that is not after `key` is one,
/// or shares a shorter beginning with it, where the search goes on.
void watch_hub::find_groups(const std::string& key, std::vector<match>& out) {
  out.clear();
  std::string_view rest{key};
  for (;;) {
    auto at = groups_.upper_bound(rest);
    if (at == groups_.begin())
      return;
    --at;
    std::string_view prefix{at->first};
    auto same = std::mismatch(prefix.begin(), prefix.end(), rest.begin(), rest.end());
    auto common = static_cast<std::size_t>(same.first - prefix.begin());
    if (common < prefix.size()) {
      rest = rest.substr(0, common);
      continue;
    }
    out.push_back({&at->second, prefix.size() == key.size()});
    if (common == 0)
      return;
    rest = rest.substr(0, common - 1);
  }
}

void watch_hub::note(std::vector<group_changes>& touched, group& home, bool exact,
                     const change_ptr& what) {
  if (home.touched == 0) {
    touched.push_back({&home, std::make_shared<watch_batch>(), std::make_shared<watch_batch>()});
    home.touched = touched.size();
  }
  auto& to = touched[home.touched - 1];
  auto add = [&](watch_batch& batch) {
    batch.changes.push_back(what);
    batch.bytes += size_of(*what);
  };
  if (!home.all.empty())
    add(*to.all);
  if (exact && !home.exact.empty())
    add(*to.exact);
}

bool watch_hub::has_room(const watcher& w, const watch_batch& more) const {
  return w.in_flight == 0
         || (w.in_flight + more.changes.size() <= limits_.in_flight
             && w.bytes + more.bytes <= limits_.in_flight_bytes);
}

void watch_hub::deliver(watcher& w, watch_batch_ptr what, watch_plan& plan) {
  w.in_flight += what->changes.size();
  w.bytes += what->bytes;
  plan.deliver.push_back({w.who, std::move(what)});
}

void watch_hub::send(std::vector<watcher*>& to, const watch_batch_ptr& what, revision before,
                     watch_plan& plan) {
  for (auto* w : to) {
    if (w->behind)
      continue; // will read it in the window
    if (has_room(*w, *what))
      deliver(*w, what, plan);
    else
      fall_behind(*w, before);
  }
}

watch_plan watch_hub::taken(watcher_id who, std::size_t changes) {
  watch_plan plan;
  auto at = watchers_.find(who);
  if (at == watchers_.end())
    return plan;
  auto& w = at->second;
  // Bytes go by the number of changes: exact again when it has taken all.
  w.bytes = changes < w.in_flight ? w.bytes - w.bytes / w.in_flight * changes : 0;
  w.in_flight -= std::min(w.in_flight, changes);
  if (w.behind)
    read_on(w, plan);
  return plan;
}

void watch_hub::read_on(watcher& w, watch_plan& plan) {
  auto position = w.position;
  catch_up(w);
  auto at = window_.first_after(position);
  while (at < window_.size()) {
    auto free = w.in_flight < limits_.in_flight ? limits_.in_flight - w.in_flight : 0;
    auto room = std::min(free, limits_.batch);
    auto full = room == 0;
    auto batch = std::make_shared<watch_batch>();
    for (; at < window_.size() && !full; ++at) {
      const auto& next = *window_[at];
      auto goes_on = next.at == position; // a position is a revision: what shares one goes together
      if (!goes_on && batch->changes.size() >= room)
        break;
      if (wants(w, next)) {
        auto bytes = size_of(next);
        auto first = w.in_flight == 0 && batch->changes.empty();
        full = !goes_on && !first && w.bytes + batch->bytes + bytes > limits_.in_flight_bytes;
        if (full)
          break;
        batch->changes.push_back(window_[at]);
        batch->bytes += bytes;
      }
      position = next.at;
    }
    if (!batch->changes.empty())
      deliver(w, std::move(batch), plan);
    if (full) {
      fall_behind(w, position);
      return;
    }
  }
}

bool watch_hub::wants(const watcher& w, const change& what) const {
  auto& prefix = w.home->first;
  return w.exact ? what.key() == prefix : what.key().starts_with(prefix);
}

watch_plan watch_hub::bookmarks() {
  watch_plan plan;
  auto mark = std::make_shared<const watch_batch>(watch_batch{{}, window_.last()});
  for (auto& [who, w] : watchers_)
    if (w.bookmarks && !w.behind && w.marked < window_.last()) {
      w.marked = window_.last();
      plan.deliver.push_back({who, mark});
    }
  std::sort(plan.deliver.begin(), plan.deliver.end(),
            [](const delivery& a, const delivery& b) { return a.who < b.who; });
  return plan;
}

// -- who is too late -----------------------------------------------------------------------------

void watch_hub::expire(watch_plan& plan) {
  while (!behind_.empty() && behind_.begin()->first < window_.start()) {
    auto who = behind_.begin()->second;
    plan.expired.push_back(who);
    unsubscribe(who);
  }
}

watch_plan watch_hub::reset(revision last, revision compacted) {
  watch_plan plan;
  for (auto& [who, w] : watchers_)
    plan.expired.push_back(who);
  std::sort(plan.expired.begin(), plan.expired.end());
  watchers_.clear();
  groups_.clear();
  behind_.clear();
  window_.reset(last);
  compacted_ = compacted;
  return plan;
}

} // namespace troupe::store
