// Inside of the kernel: what an actor knows of the messages in its mailbox and of its open asks.
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/kernel/trace_ring.hpp"

#include <caf/actor_clock.hpp>

#include <atomic>
#include <set>
#include <unordered_map>
#include <vector>

namespace troupe::kernel {

/// Held for some ten instructions; yields when its holder was preempted.
class spin_lock {
public:
  void lock();
  void unlock() { flag_.clear(std::memory_order_release); }

private:
  std::atomic_flag flag_;
};

/// What was known when a message was sent: CAF's mailbox element has no place for it.
struct note {
  const caf::mailbox_element* message = nullptr;
  cause_id cause{};
  trace::path_id sender = 0;
  bool skipped = false;
  std::int64_t enqueued = 0;
};

/// Notes in the order of the mailbox. Nearly always the first is asked for.
class note_queue {
public:
  void push(const note& n);
  /// Removes the note of a message; false if there is none.
  bool take(const caf::mailbox_element* message, note& out);

private:
  std::vector<note> ring_ = std::vector<note>(8); // a power of two
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

struct actor_core::inside {
  using time_point = caf::actor_clock::time_point;
  struct open_ask {
    time_point due;
    detail::response_callback callback;
  };

  std::vector<detail::object_probe> probes;
  trace::recorder::ring* ring = nullptr;
  trace::path_id path = 0;
  std::atomic<std::uint64_t> waiting{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<bool> ended{false};

  spin_lock lock; // notes and timers: senders and the actor
  note_queue notes;
  std::unordered_map<const caf::mailbox_element*, cause_id> timers; // under way, with their causes

  // Only the actor itself.
  std::unordered_map<std::uint64_t, open_ask> asks; // by response id
  std::set<std::pair<time_point, std::uint64_t>> deadlines;
  time_point armed = time_point::max(); // when the next deadline_tick comes

  /// Opens an ask; true when a tick has to be scheduled at its deadline.
  bool open(std::uint64_t response, time_point due);
  /// Closes one; the empty function when it was not open.
  detail::response_callback close(std::uint64_t response);
};

/// The earliest deadline of an actor's asks has come.
struct deadline_tick {
  using local_only = void;
};

} // namespace troupe::kernel
