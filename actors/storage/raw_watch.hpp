// Watches of the store's raw keys from another process over links (portal "store-watch"): for
// measuring and tools, like raw.hpp, and for masters only.
//
// The protocol is the watch hub's: follow, then ask for what comes next. One question serves all
// followers of a stream, and is the credit for one answer: who does not ask is sent nothing, and is
// told that it is gone when the changes kept for it have grown too many.
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/place.hpp"
#include "actors/storage/protocol.hpp"

#include <caf/meta/type_name.hpp>

namespace troupe::storage {

/// Begins to follow a prefix. Failures are those of `follow`; `gone`: there is no such stream (any
/// more); `too_many_requests`.
struct follow_raw {
  std::uint64_t stream = 0; // 0: a new one
  std::string prefix;
  bool exact = false; // only the key that equals `prefix`
  revision after{};   // 0: from now on
};
struct raw_followed {
  std::uint64_t stream = 0;
  std::uint64_t follower = 0;
  revision at{}; // the changes that follow are all after this revision
};

/// What comes next for all followers of a stream; waits for the first change up to `wait_ms` (at
/// most 60 s), and answers at least `gather_ms` after the answer before. One question at a time. A
/// stream that is not asked about for 90 s ends.
struct next_raw {
  std::uint64_t stream = 0;
  std::uint32_t wait_ms = 0;
  std::uint32_t gather_ms = 0;
};
struct raw_changes {
  std::string what; // store/watch/relay_reader.hpp
};

struct unfollow_raw {
  std::uint64_t stream = 0;
  std::uint64_t follower = 0; // 0: all of the stream
};

template <class F> auto inspect(F& f, follow_raw& m) {
  return f(caf::meta::type_name("storage.follow_raw"), m.stream, m.prefix, m.exact, m.after);
}
template <class F> auto inspect(F& f, raw_followed& m) {
  return f(caf::meta::type_name("storage.raw_followed"), m.stream, m.follower, m.at);
}
template <class F> auto inspect(F& f, next_raw& m) {
  return f(caf::meta::type_name("storage.next_raw"), m.stream, m.wait_ms, m.gather_ms);
}
template <class F> auto inspect(F& f, raw_changes& m) {
  return f(caf::meta::type_name("storage.raw_changes"), m.what);
}
template <class F> auto inspect(F& f, unfollow_raw& m) {
  return f(caf::meta::type_name("storage.unfollow_raw"), m.stream, m.follower);
}

using raw_watch_actor = caf::typed_actor< //
  proto::ask<follow_raw, raw_followed>,   //
  proto::ask<next_raw, raw_changes>,      //
  proto::tell<unfollow_raw>>;

inline constexpr auto raw_watch_portal = "store-watch";

raw_watch_actor spawn_raw_watch(const kernel::place& at, watch_hub_actor hub);
/// What the portal accepts, and from whom.
kernel::portal raw_watch_portal_of(const raw_watch_actor& watch);

} // namespace troupe::storage
