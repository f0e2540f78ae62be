// Inside of the tracer: the ring of records, the table of paths, and what a thread is handling.
#pragma once

#include "actors/kernel/trace.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <typeinfo>
#include <unordered_map>

namespace troupe::kernel::trace {

/// The number of a path in its recorder's table; 0: no actor.
using path_id = std::uint32_t;

/// What a message is, without looking into it: CAF's number of a built-in type, or the C++ type.
struct type_mark {
  std::uint16_t number = 0;
  const std::type_info* rtti = nullptr;
};
std::string name_of(const type_mark& type);

inline constexpr std::size_t object_bytes = 56;

/// One record as written: either a message, or one more cause of a message.
struct record {
  enum class kind : std::uint8_t { message, also };
  cause_id id{};
  cause_id cause{};
  path_id sender = 0;
  path_id receiver = 0;
  type_mark type;
  std::int64_t enqueued = 0; // ns since the epoch
  std::int64_t started = 0;
  std::int64_t ended = 0;
  kind what = kind::message;
  trace::outcome outcome = outcome::handled;
  std::uint8_t object_length = 0;
  std::array<char, object_bytes> object; // left unset beyond its length

  void name_object(std::string_view text) {
    auto length = std::min(text.size(), object.size());
    object_length = static_cast<std::uint8_t>(length);
    std::memcpy(object.data(), text.data(), length);
  }
};

/// A writer claims a slot by making its sequence odd; a reader takes what has the same even
/// sequence before and after. A writer that finds its slot claimed (it stalled for a whole round,
/// or the other did) gives up and counts. Words are atomic so that a torn read is no race.
struct recorder::ring {
  static constexpr std::size_t words = 15;
  struct slot {
    std::atomic<std::uint64_t> sequence{0};
    std::array<std::atomic<std::uint64_t>, words> body{};
  };

  ring(std::string process, std::uint32_t tag, std::size_t bytes);

  void write(const record& r);
  /// False: overwritten, being written, or given up.
  bool read(std::uint64_t position, record& to) const;
  std::uint64_t end() const { return head.load(std::memory_order_acquire); }
  std::uint64_t begin() const { return end() > slots ? end() - slots : 0; }
  cause_id next_id() {
    auto n = ids.fetch_add(1, std::memory_order_relaxed) & ((std::uint64_t{1} << 40) - 1);
    return static_cast<cause_id>(tag | n);
  }

  path_id enter(const std::string& path);
  void leave(path_id id);
  std::string path(path_id id) const;

  std::string process;
  std::uint64_t tag; // in the upper 24 bits
  std::size_t slots; // a power of two, or 0
  std::unique_ptr<slot[]> ring_slots;
  alignas(64) std::atomic<std::uint64_t> head{0};
  alignas(64) std::atomic<std::uint64_t> ids{1};
  std::atomic<std::uint64_t> missed{0};

  // Paths are kept while an actor has them and until the ring has forgotten its last message.
  struct entry {
    std::string text;
    std::uint32_t users = 0;
    std::uint64_t free_from = 0; // the ring's end from which it may be reused, when nobody uses it
  };
  mutable std::mutex mutex;
  std::vector<entry> paths{1};
  std::unordered_map<std::string, path_id> by_text;
  std::deque<path_id> unused; // may hold a path twice, or one that is used again
};

/// The message that a thread is handling.
struct frame {
  cause_id id{};
  path_id path = 0;             // of the actor
  const recorder* of = nullptr; // its process's
  record* writing = nullptr;    // null: not recorded
  std::vector<cause_id> also;
};

struct thread_state {
  cause_id cause{};
  frame* handling = nullptr;
};
thread_state& this_thread();

/// Nanoseconds since the epoch at the price of a time stamp counter: the system's clock is read
/// about once a millisecond and thread. Never goes back on one thread by more than the clock is set
/// back.
std::int64_t fast_now();

} // namespace troupe::kernel::trace
