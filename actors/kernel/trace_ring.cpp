#include "actors/kernel/trace_ring.hpp"

#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>
#include <caf/type_nr.hpp>

#include <bit>
#include <cstdlib>
#include <cxxabi.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace troupe::kernel::trace {
namespace {

std::uint64_t pack(path_id high, path_id low) {
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

} // namespace

thread_state& this_thread() {
  thread_local thread_state state;
  return state;
}

recorder::ring::ring(std::string name, std::uint32_t process_tag, std::size_t bytes)
    : process(std::move(name))
    , tag(static_cast<std::uint64_t>(process_tag & 0xff'ffff) << 40)
    , slots(bytes / sizeof(slot) == 0 ? 0 : std::bit_floor(bytes / sizeof(slot)))
    , ring_slots(slots == 0 ? nullptr : std::make_unique<slot[]>(slots)) {
  static_assert(sizeof(slot) == 128);
}

void recorder::ring::write(const record& r) {
  if (slots == 0)
    return;
  auto position = head.fetch_add(1, std::memory_order_acq_rel);
  auto& to = ring_slots[position & (slots - 1)];
  auto seen = to.sequence.load(std::memory_order_relaxed);
  if ((seen & 1) != 0 || seen > 2 * position
      || !to.sequence.compare_exchange_strong(seen, 2 * position + 1, std::memory_order_acq_rel)) {
    missed.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::atomic_thread_fence(std::memory_order_release);
  auto put = [&](std::size_t i, std::uint64_t word) {
    to.body[i].store(word, std::memory_order_relaxed);
  };
  put(0, raw(r.id));
  put(1, raw(r.cause));
  put(2, pack(r.sender, r.receiver));
  put(3, reinterpret_cast<std::uintptr_t>(r.type.rtti)); // NOLINT: type_info objects live for ever
  put(4, static_cast<std::uint64_t>(r.enqueued));
  put(5, static_cast<std::uint64_t>(r.started));
  put(6, static_cast<std::uint64_t>(r.ended));
  put(7, static_cast<std::uint64_t>(r.type.number) | (static_cast<std::uint64_t>(r.what) << 16)
           | (static_cast<std::uint64_t>(r.outcome) << 24)
           | (static_cast<std::uint64_t>(r.object_length) << 32));
  for (std::size_t i = 0; i * 8 < r.object_length; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, r.object.data() + i * 8, 8);
    put(8 + i, word);
  }
  to.sequence.store(2 * position + 2, std::memory_order_release);
}

bool recorder::ring::read(std::uint64_t position, record& to) const {
  const auto& from = ring_slots[position & (slots - 1)];
  if (from.sequence.load(std::memory_order_acquire) != 2 * position + 2)
    return false;
  auto get = [&](std::size_t i) { return from.body[i].load(std::memory_order_relaxed); };
  to.id = static_cast<cause_id>(get(0));
  to.cause = static_cast<cause_id>(get(1));
  to.sender = static_cast<path_id>(get(2) >> 32);
  to.receiver = static_cast<path_id>(get(2));
  to.type.rtti = reinterpret_cast<const std::type_info*>(get(3)); // NOLINT: as written
  to.enqueued = static_cast<std::int64_t>(get(4));
  to.started = static_cast<std::int64_t>(get(5));
  to.ended = static_cast<std::int64_t>(get(6));
  auto rest = get(7);
  to.type.number = static_cast<std::uint16_t>(rest);
  to.what = static_cast<record::kind>((rest >> 16) & 0xff);
  to.outcome = static_cast<trace::outcome>((rest >> 24) & 0xff);
  to.object_length = static_cast<std::uint8_t>(rest >> 32);
  for (std::size_t i = 0; i * 8 < to.object_length && i < object_bytes / 8; ++i) {
    auto word = get(8 + i);
    std::memcpy(to.object.data() + i * 8, &word, 8);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return from.sequence.load(std::memory_order_relaxed) == 2 * position + 2;
}

path_id recorder::ring::enter(const std::string& path) {
  std::lock_guard lock{mutex};
  if (auto found = by_text.find(path); found != by_text.end()) {
    ++paths[found->second].users;
    return found->second;
  }
  while (!unused.empty() && paths[unused.front()].users != 0)
    unused.pop_front();
  path_id id = 0;
  if (!unused.empty() && paths[unused.front()].free_from <= end()) {
    id = unused.front();
    unused.pop_front();
    by_text.erase(paths[id].text);
  } else {
    id = static_cast<path_id>(paths.size());
    paths.emplace_back();
  }
  paths[id] = {.text = path, .users = 1};
  by_text.emplace(path, id);
  return id;
}

void recorder::ring::leave(path_id id) {
  std::lock_guard lock{mutex};
  auto& left = paths[id];
  if (--left.users == 0) {
    left.free_from = end() + slots;
    unused.push_back(id);
  }
}

std::string recorder::ring::path(path_id id) const {
  std::lock_guard lock{mutex};
  return id < paths.size() ? paths[id].text : std::string{};
}

std::string name_of(const type_mark& type) {
  if (!type.rtti) {
    if (type.number == caf::type_nr<caf::exit_msg>::value)
      return "exit";
    if (type.number == caf::type_nr<caf::down_msg>::value)
      return "down";
    if (type.number == caf::type_nr<caf::timeout_msg>::value)
      return "timeout";
    if (type.number == caf::type_nr<caf::error>::value)
      return "failure";
    return type.number == 0 ? "done" : "builtin-" + std::to_string(type.number);
  }
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> text{
    abi::__cxa_demangle(type.rtti->name(), nullptr, nullptr, &status), std::free};
  std::string name = status == 0 ? text.get() : type.rtti->name();
  for (std::string_view prefix : {"troupe::", "kernel::detail::"})
    if (name.starts_with(prefix))
      name.erase(0, prefix.size());
  for (auto at = name.find("::"); at != std::string::npos; at = name.find("::", at))
    name.replace(at, 2, ".");
  return name;
}

#if defined(__x86_64__)
std::int64_t fast_now() {
  struct anchor {
    std::uint64_t ticks = 0;
    std::int64_t time = 0;
    double ns_per_tick = 0;
  };
  thread_local anchor last;
  constexpr std::uint64_t fresh = 1 << 21; // ticks: about a millisecond
  auto ticks = __rdtsc();
  auto passed = ticks - last.ticks;
  if (last.ticks != 0 && passed < fresh) {
    if (last.ns_per_tick > 0)
      return last.time + static_cast<std::int64_t>(static_cast<double>(passed) * last.ns_per_tick);
    return std::chrono::system_clock::now().time_since_epoch().count();
  }
  auto time = std::chrono::system_clock::now().time_since_epoch().count();
  auto span = time - last.time;
  // Not from an interval in which the clock was set: then the old rate stays.
  if (last.ticks != 0 && span > 0 && span < 10'000'000'000)
    last.ns_per_tick = static_cast<double>(span) / static_cast<double>(passed);
  last.ticks = ticks;
  last.time = time;
  return time;
}
#else
std::int64_t fast_now() { return std::chrono::system_clock::now().time_since_epoch().count(); }
#endif

} // namespace troupe::kernel::trace
