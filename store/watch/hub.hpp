// Who watches what, and who is to be sent which changes: a pure core. The host performs the plans.
//
// A watcher that keeps up is sent the very batch its neighbours get. One that does not is
// remembered by its position in the window alone and read on from there as its credit returns; when
// the window moves past it, it is told `expired` and dropped. So the memory of 10,000 slow watchers
// is the window.
//
//   watch_hub hub{replica.facts().last, replica.facts().compacted};
//   auto answer = hub.subscribe({.who = id, .prefix = "/pods/", .after = revision{41}});
//   // live: perform(answer.plan). read_history: read history::since(...) up to answer.upto, then
//   subscribe after that. perform(hub.publish(changes, facts.last, facts.compacted));   // after
//   each apply perform(hub.taken(id, batch->changes.size()));                // the watcher wrote a
//   batch out
#pragma once

#include "store/base/types.hpp"
#include "store/watch/window.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::store {

enum class watcher_id : std::uint64_t {}; // given by the host, never used again

struct watch_request {
  watcher_id who{};
  std::string prefix; // of the keys; empty: all
  bool exact = false; // only the key that equals `prefix`
  revision after{};   // the first change wanted is the next one
  bool bookmarks = false;
};

/// Shared by all that are sent it.
struct watch_batch {
  std::vector<change_ptr> changes; // ascending; empty: a bookmark
  revision bookmark{};   // of a bookmark: every change up to it was delivered. The end of a range
  std::size_t bytes = 0; // what the changes keep in memory, about
};
using watch_batch_ptr = std::shared_ptr<const watch_batch>;

struct delivery {
  watcher_id who{};
  watch_batch_ptr what;
};

/// To be performed in order; then the expired are told 410 and forgotten (the hub has dropped
/// them).
struct watch_plan {
  std::vector<delivery> deliver;
  std::vector<watcher_id> expired;
};

enum class watch_start : std::uint8_t {
  live,         // subscribed
  read_history, // not subscribed: older than the window. Read up to `upto` and subscribe again
                // after it
  not_yet, // not subscribed: the revision has not come here yet. Wait (design.md section 5: 3 s)
           // and try again
  expired, // not subscribed: compacted
};

struct watch_answer {
  watch_start what = watch_start::live;
  revision upto{}; // of read_history
  watch_plan plan; // of live
};

struct hub_limits {
  window_limits window;
  std::size_t in_flight =
    1024; // changes delivered to a watcher and not yet taken; a batch may exceed it alone
  std::size_t in_flight_bytes = 8U << 20; // of these; likewise
  std::size_t batch = 512;                // changes in a batch made for one watcher
  /// Revisions leap, and changes of one transaction share theirs: the host vouches that none is
  /// missing. Else a leap is taken for a gap, and everybody is expired.
  bool sparse = false;
};

/// Deliberate faults that the simulation must find. Tests only.
struct hub_bugs {
  bool drop_event_on_leader_change = false;
};

class watch_hub {
public:
  watch_hub(revision last, revision compacted, const hub_limits& limits = {},
            const hub_bugs& bugs = {});

  watch_answer subscribe(const watch_request& request);
  void unsubscribe(watcher_id who);
  /// New changes in order, the store's revision after them and its compacted revision.
  watch_plan publish(std::span<const change_ptr> changes, revision last, revision compacted);
  /// The watcher has taken `changes` of those delivered to it. Unknown watchers are ignored (it may
  /// be gone already).
  watch_plan taken(watcher_id who, std::size_t changes);
  /// A bookmark at last() for everyone who asked for them and has been delivered everything.
  watch_plan bookmarks();
  /// The state was replaced (a snapshot, a restore): nobody knows what happened in between, so
  /// everybody is expired.
  watch_plan reset(revision last, revision compacted);
  /// Told by the host; changes nothing unless a test wants it to.
  void leader_changed() { drop_next_ = bugs_.drop_event_on_leader_change; }

  revision last() const { return window_.last(); }
  std::size_t watchers() const { return watchers_.size(); }
  const change_window& window() const { return window_; }

private:
  struct watcher;
  struct group { // of the watchers with one prefix
    std::vector<watcher*> exact;
    std::vector<watcher*> all;
    std::size_t touched = 0; // while changes are published: its place among the touched, from 1
  };
  struct watcher {
    watcher_id who{};
    bool exact = false;
    bool bookmarks = false;
    bool behind = false;
    revision marked{};   // its last bookmark
    revision position{}; // while behind: delivered up to here
    std::size_t in_flight = 0;
    std::size_t bytes = 0; // of these
    std::size_t place = 0; // in its group
    std::map<std::string, group, std::less<>>::iterator home;
  };

  struct match {
    group* home;
    bool exact; // the key is the prefix itself
  };
  struct group_changes { // of one publish
    group* home;
    std::shared_ptr<watch_batch> all;
    std::shared_ptr<watch_batch> exact;
  };

  bool has_room(const watcher& w, const watch_batch& more) const;
  static void deliver(watcher& w, watch_batch_ptr what, watch_plan& plan);
  void find_groups(const std::string& key, std::vector<match>& out);
  static void note(std::vector<group_changes>& touched, group& home, bool exact,
                   const change_ptr& what);
  void send(std::vector<watcher*>& to, const watch_batch_ptr& what, revision before,
            watch_plan& plan);
  void read_on(watcher& w, watch_plan& plan);
  bool wants(const watcher& w, const change& what) const;
  void fall_behind(watcher& w, revision position);
  void catch_up(watcher& w);
  void expire(watch_plan& plan);

  hub_limits limits_;
  hub_bugs bugs_;
  change_window window_;
  revision compacted_;
  bool drop_next_ = false;
  std::map<std::string, group, std::less<>> groups_; // by prefix
  std::unordered_map<watcher_id, watcher> watchers_;
  std::set<std::pair<revision, watcher_id>> behind_; // by position
};

} // namespace troupe::store
