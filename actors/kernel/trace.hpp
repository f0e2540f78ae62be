// Every message of a process, recorded by the kernel into a ring of fixed size.
//
//   for (auto& e : process->tracer().snapshot({.object = "Pod/default/web-0"})) print(e);
//   auto [events, position] = process->tracer().follow(position, filter);   // what came since
//
// The local cause of a message is the message being handled when it was sent; across links the
// cause travels in the frame. Whoever hands work on by other means (a store command, a driver's
// job) carries current_cause() along and opens a `scope` with it on the other side.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/ids.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::kernel::trace {

enum class outcome : std::uint8_t {
  handled,
  error,   // the handler threw, or the message is a failure
  skipped, // put back: the actor awaits something else (recorded once)
  dropped, // refused by a full mailbox, not understood, or its receiver was gone
};
std::string_view name_of(outcome o);

/// One message, from its sending to the end of its handling.
struct event {
  cause_id id{};
  std::vector<cause_id> causes; // empty: it came from outside the actors (or the cause was lost)
  std::string process;
  std::string sender;   // path in the supervision tree; empty: no actor
  std::string receiver; // path
  std::string type;     // "lease.renewed": the C++ name without the project's namespace
  std::string
    object; // "Kind/namespace/name" if the message or its handler named one (cut at 56 bytes)
  instant enqueued{};
  instant started{};
  instant ended{};
  trace::outcome outcome = outcome::handled;
};

/// Empty fields match everything.
struct filter {
  std::string object; // exact
  std::string path;   // sender or receiver is this actor or below it
  std::string type;   // exact
  std::optional<cause_id> id;
};

/// The id of the message that this thread is handling; 0 when it handles none.
cause_id current_cause();

/// Names the API object of the message being handled. (For handlers that find out only late.)
void about(std::string_view object);

/// Adds a cause to the message being handled: a batch has many.
void also_caused_by(cause_id cause);

/// Work that continues under a given cause: messages sent in its extent are caused by `cause`.
class scope {
public:
  explicit scope(cause_id cause);
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  ~scope();

private:
  cause_id before_;
};

/// The ring of one process. Thread-safe; writers never wait.
class recorder {
public:
  /// `bytes`: of the ring, 128 per message; 0: records nothing.
  recorder(std::string process, std::uint32_t tag, std::size_t bytes);
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;
  ~recorder();

  /// The events that match, oldest first, as far as the ring still has them.
  std::vector<event> snapshot(const filter& which = {}, std::size_t limit = 100'000) const;

  struct followed {
    std::vector<event> events;
    std::uint64_t next = 0; // pass it to the next call
    std::uint64_t lost = 0; // overwritten before they were read
  };
  /// What was recorded at or after `position` (0: from the oldest).
  followed follow(std::uint64_t position, const filter& which = {},
                  std::size_t limit = 10'000) const;

  /// Off: messages are not recorded and have no ids. For measuring.
  void set_recording(bool on) { recording_.store(on, std::memory_order_relaxed); }
  bool recording() const { return recording_.load(std::memory_order_relaxed); }

  /// Tests only: from now on messages to the actor at `path` lose their cause (to prove that a
  /// check would notice). The first call counts, for the rest of the process's life.
  void lose_causes_into(std::string path);

  /// Messages recorded since the start, and those that a stalled writer made us drop.
  std::uint64_t recorded() const;
  std::uint64_t missed() const;

  struct ring; // trace_ring.hpp: inside of the kernel
  ring& inside() { return *ring_; }
  bool loses_causes_into(const std::string& path) const {
    return loses_.load(std::memory_order_acquire) && path == lose_into_;
  }

private:
  std::unique_ptr<ring> ring_;
  std::atomic<bool> recording_{true};
  std::atomic<bool> loses_{false};
  std::string lose_into_; // written before loses_ is set, never again
};

} // namespace troupe::kernel::trace
