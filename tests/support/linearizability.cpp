#include "tests/support/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace troupe::check {
namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();
constexpr auto nothing = std::numeric_limits<std::size_t>::max();

using kind = operation::kind;

/// Whether a finished operation may stand here without changing what is held.
bool only_looks(version held, const operation& op) {
  return (op.what == kind::read && op.result == held)
         || (op.what == kind::swap && !op.succeeded && op.expected != held);
}

/// Whether it may stand here and puts its argument.
bool puts(version held, const operation& op) {
  if (op.what == kind::swap)
    return (!op.end || op.succeeded) && op.expected == held;
  return op.what == kind::write;
}

/// Operations of unknown outcome that do the same: any one stands for the others, and one that
/// started earlier can do all that a later one can.
struct unknown_pool {
  operation what;
  std::vector<std::uint64_t> starts; // ascending
  std::size_t used = 0;              // the first so many have a place
};

/// The search over one key. Operations without an end are kept apart: they may stay without a
/// place, and must not hold up the finished ones in the memory of visited configurations.
class key_search {
public:
  key_search(std::vector<operation> ops, std::uint64_t max_steps) : steps_left_(max_steps) {
    std::stable_sort(ops.begin(), ops.end(),
                     [](const operation& a, const operation& b) { return a.start < b.start; });
    for (auto& op : ops) {
      if (op.end)
        finished_.push_back(std::move(op));
      else
        pool_of(op).starts.push_back(op.start);
    }
    placed_.resize(finished_.size());
    left_ = finished_.size();
    std::sort(pools_.begin(), pools_.end(), [](const unknown_pool& a, const unknown_pool& b) {
      return a.starts.size() > b.starts.size();
    });
  }

  bool run() {
    enter({});
    while (left_ > 0) {
      if (steps_left_ == 0 || frames_.empty())
        return false;
      auto& top = frames_.back();
      if (top.next == top.choices.size()) {
        leave();
        continue;
      }
      enter(top.choices[top.next++]);
    }
    return true;
  }

  bool gave_up() const { return steps_left_ == 0; }

private:
  struct choice {
    std::size_t finished = nothing;
    std::size_t pool = nothing;
  };
  struct frame {
    choice made;
    version held = 0;                // before it
    std::size_t first = 0;           // likewise
    std::vector<std::size_t> looked; // placed along, because they change nothing
    std::vector<choice> choices;     // what may come next
    std::size_t next = 0;
  };

  unknown_pool& pool_of(const operation& op) {
    auto same = [&](const unknown_pool& p) {
      return p.what.what == op.what && p.what.argument == op.argument
             && (op.what == kind::write || p.what.expected == op.expected);
    };
    auto found = std::find_if(pools_.begin(), pools_.end(), same);
    return found != pools_.end() ? *found : pools_.emplace_back(unknown_pool{.what = op});
  }

  /// Makes a choice, then places whatever only looks: that is never wrong.
  void enter(choice made) {
    frame f{.made = made, .held = held_, .first = first_, .looked = {}, .choices = {}};
    if (made.finished != nothing) {
      place(made.finished);
      held_ = finished_[made.finished].argument;
    } else if (made.pool != nothing) {
      ++pools_[made.pool].used;
      held_ = pools_[made.pool].what.argument;
    }
    for (auto looking = next_look(); looking != nothing; looking = next_look()) {
      place(looking);
      f.looked.push_back(looking);
    }
    --steps_left_;
    if (is_new())
      f.choices = candidates();
    frames_.push_back(std::move(f));
  }

  void leave() {
    auto& f = frames_.back();
    for (auto i : f.looked)
      take_back(i);
    if (f.made.finished != nothing)
      take_back(f.made.finished);
    if (f.made.pool != nothing)
      --pools_[f.made.pool].used;
    held_ = f.held;
    first_ = f.first;
    frames_.pop_back();
  }

  void place(std::size_t i) {
    placed_[i] = true;
    --left_;
    while (first_ < placed_.size() && placed_[first_])
      ++first_;
  }
  void take_back(std::size_t i) {
    placed_[i] = false;
    ++left_;
  }

  /// Calls visit(i) for the finished operations that may be next: those that no unplaced one ended
  /// before. Returns the first end among them; until then unknown ones may have started.
  template <class F> std::uint64_t each_next(F visit) const {
    // Later starts than the first end cannot lower it: they end later still.
    auto first_end = never;
    for (auto i = first_; i < finished_.size() && finished_[i].start <= first_end; ++i)
      if (!placed_[i])
        first_end = std::min(first_end, *finished_[i].end);
    for (auto i = first_; i < finished_.size() && finished_[i].start <= first_end; ++i)
      if (!placed_[i])
        visit(i);
    return first_end;
  }

  std::size_t next_look() const {
    auto found = nothing;
    each_next([&](std::size_t i) {
      if (found == nothing && only_looks(held_, finished_[i]))
        found = i;
    });
    return found;
  }

  std::vector<choice> candidates() const {
    std::vector<choice> out;
    auto first_end = each_next([&](std::size_t i) {
      if (puts(held_, finished_[i]))
        out.push_back({.finished = i});
    });
    for (std::size_t i = 0; i < pools_.size(); ++i) {
      const auto& p = pools_[i];
      if (p.used < p.starts.size() && p.starts[p.used] <= first_end && puts(held_, p.what))
        out.push_back({.pool = i});
    }
    return out;
  }

  /// Whether something may still put the value.
  bool may_come(version value) const {
    return std::any_of(pools_.begin(), pools_.end(),
                       [&](const unknown_pool& p) {
                         return p.what.argument == value && p.used < p.starts.size();
                       })
           || std::any_of(finished_.begin() + static_cast<std::ptrdiff_t>(first_), finished_.end(),
                          [&](const operation& op) {
                            return op.what != kind::read && op.argument == value
                                   && !placed_[static_cast<std::size_t>(&op - finished_.data())];
                          });
  }

  /// False when a configuration that can do all that this one can was there before. What the
  /// largest pool has left is compared; everything else must be the same.
  bool is_new() {
    std::vector<std::uint64_t> now{held_, first_};
    auto end = never;
    for (auto i = first_; i < finished_.size() && finished_[i].start <= end; ++i)
      if (placed_[i])
        now.push_back(i);
      else
        end = std::min(end, *finished_[i].end);
    now.push_back(never);
    for (std::size_t i = 1; i < pools_.size(); ++i) {
      const auto& p = pools_[i];
      // A swap from a value that will not be there again is the same used or not.
      if (p.used > 0
          && (p.what.what == kind::write || p.what.expected == held_ || may_come(p.what.expected)))
        now.insert(now.end(), {i, p.used});
    }
    auto used = pools_.empty() ? 0 : pools_.front().used;
    auto [at, fresh] = visited_.emplace(std::move(now), used);
    if (fresh || used < at->second) {
      at->second = used;
      return true;
    }
    return false;
  }

  std::vector<operation> finished_; // by start
  std::vector<unknown_pool> pools_; // the largest first
  std::vector<bool> placed_;        // of finished_
  std::size_t first_ = 0;           // finished and without a place
  std::size_t left_ = 0;            // how many of these
  version held_ = 0;
  std::uint64_t steps_left_;
  std::vector<frame> frames_;
  std::map<std::vector<std::uint64_t>, std::size_t> visited_; // with what the largest pool had used
};

constexpr auto unseen = never; // stands for any value that nobody saw or named

/// What is known of the values on one key.
struct sightings {
  std::map<version, std::uint64_t> seen; // surely there: the earliest end of who saw it
  std::set<version> named;               // seen, or expected by a swap that was refused or lost
  std::uint64_t last_refusal = 0;

  void note(const operation& op) {
    if (op.what == kind::write)
      return;
    auto value = op.what == kind::read ? op.result : op.expected;
    named.insert(value);
    if (op.what == kind::swap && op.end && !op.succeeded)
      last_refusal = std::max(last_refusal, *op.end);
    else if (op.end)
      note_seen(value, *op.end);
  }
  /// True if that is news.
  bool note_seen(version value, std::uint64_t end) {
    auto [at, fresh] = seen.emplace(value, end);
    if (!fresh && at->second <= end)
      return false;
    at->second = end;
    return true;
  }
};

bool each_put_once(const std::vector<operation>& ops) {
  std::set<version> put{0};
  return std::all_of(ops.begin(), ops.end(), [&](const operation& op) {
    return op.what == kind::read || put.insert(op.argument).second;
  });
}

/// Where every value was put at most once, who saw an unknown operation's value bounds its time;
/// one that nobody saw matters only to a refused swap, whatever its value.
void narrow_unknown(std::vector<operation>& ops) {
  if (!each_put_once(ops))
    return;
  sightings known;
  for (const auto& op : ops)
    known.note(op);
  for (bool more = true; more;) {
    more = false;
    for (auto& op : ops) {
      auto found = known.seen.find(op.argument);
      if (op.end || op.what == kind::read || found == known.seen.end())
        continue;
      op.end = found->second;
      op.succeeded = true;
      if (op.what == kind::swap) // then it saw what it expected
        more = known.note_seen(op.expected, *op.end) || more;
    }
  }
  for (auto& op : ops)
    if (!op.end && op.what != kind::read && !known.named.contains(op.argument))
      op.argument = unseen;
  std::erase_if(ops, [&](const operation& op) { return !op.end && op.start > known.last_refusal; });
}

std::string report_of(std::vector<operation> ops) {
  std::stable_sort(ops.begin(), ops.end(),
                   [](const operation& a, const operation& b) { return a.start < b.start; });
  std::string out;
  for (const auto& op : ops)
    out += describe(op) + "\n";
  return out;
}

} // namespace

std::string describe(const operation& op) {
  auto text =
    std::to_string(op.start) + ".." + (op.end ? std::to_string(*op.end) : "?") + " " + op.client;
  switch (op.what) {
  case kind::read: return text + " read " + std::to_string(op.result);
  case kind::write: return text + " write " + std::to_string(op.argument);
  case kind::swap:
    return text + " swap " + std::to_string(op.expected) + "->" + std::to_string(op.argument)
           + (op.end ? op.succeeded ? " done" : " refused" : "");
  }
  return text;
}

verdict linearizable(const std::vector<operation>& history, std::uint64_t max_steps) {
  std::map<std::string, std::vector<operation>> keys;
  for (const auto& op : history)
    if (op.what != kind::read || op.end) // reads without an answer say nothing
      keys[op.key].push_back(op);
  for (const auto& [key, ops] : keys) {
    auto narrowed = ops;
    narrow_unknown(narrowed);
    key_search search{std::move(narrowed), max_steps};
    if (!search.run())
      return {
        .linearizable = false, .decided = !search.gave_up(), .key = key, .report = report_of(ops)};
  }
  return {};
}

} // namespace troupe::check
