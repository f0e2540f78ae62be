// The state of the etcd replica's actor and what its parts do with it. Inside actors/storage/etcd
// only.
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/storage/etcd/replica.hpp"
#include "actors/storage/steady.hpp"
#include "store/etcd/election.hpp"
#include "store/etcd/mirror.hpp"
#include "store/etcd/translate.hpp"
#include "store/mvcc/history.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace troupe::storage {

struct etcd_host;
struct driver_said;
struct etcd_tick {
  using local_only = void;
};
using etcd_interface =
  replica_actor::extend_with<peer_actor>::extend_with<kernel::link_subscriber>::extend_with<
    leaving_actor>::extend<proto::tell<driver_said>, proto::tell<etcd_tick>>;
using etcd_ptr = kernel::self_ptr<etcd_interface, etcd_host>;

/// A driver's answer, to be taken in the actor.
struct driver_said {
  using local_only = void;
  std::function<void(etcd_ptr)> what;
};

/// A read that waits until the mirror has come far enough.
struct waiting_etcd_view {
  kernel::promise<viewed> to;
  revision at{};
  bool exact = false; // the past at `at`, not the present
  bool asked = true;  // by a client; else `at` was read in etcd and will come
  instant since{};
  instant deadline{};
};
/// A transaction that is done and waits until the mirror contains it.
struct waiting_outcome {
  kernel::promise<transacted> to;
  store::outcome what;
  revision contains{};
  instant since{};
};
/// The past that is being read in etcd.
struct past_reading {
  store::index_builder into;
  std::optional<failure> trouble; // something could not be opened
  std::vector<kernel::promise<viewed>> to;
};

struct etcd_host {
  explicit etcd_host() : keys("") {}
  etcd_host(const etcd_host&) = delete;
  etcd_host& operator=(const etcd_host&) = delete;
  ~etcd_host(); // answers the writes whose outcome it takes along

  etcd_dependencies with;
  etcd::key_space keys;
  std::unique_ptr<etcd::mirror> mirror; // null until the prefix was read for the first time

  // the watch (feed.cpp)
  std::unique_ptr<etcd::mirror> loading;
  std::unique_ptr<etcd::watch> watch;
  std::uint64_t stream = 0; // counts the watches: what an older one says does not count
  instant stream_since{};
  instant heard{}; // last sign of life of etcd
  duration backoff{};
  revision told_compacted{};

  // reads (views.cpp)
  std::vector<kernel::promise<viewed>> reads; // to be asked for in etcd
  bool asking = false;
  std::vector<waiting_etcd_view> views;
  std::map<revision, past_reading> pasts; // being read
  store::view_ptr last_past;              // the last that was

  // writes (writes.cpp)
  std::uint64_t next_write = 1;
  std::map<std::uint64_t, kernel::promise<transacted>> writes; // in etcd
  std::vector<waiting_outcome> outcomes;

  // leading (leading.cpp)
  etcd::election election;
  bool scope_told = false;
  std::optional<store::compaction_schedule> compaction;
  bool compacting = false;
  instant next_upkeep{};
  std::optional<kernel::promise<handed_over>> leaving;
  instant leaving_until{};
  bool gave_back = false; // the lease

  // masters (masters.cpp)
  bool registering = false;
  std::set<std::string> linked;
};

/// Makes of a function of the actor one that a driver may call on its thread.
template <class T, class F> etcd::then<T> in_actor(etcd_ptr self, F what) {
  auto to = caf::actor_cast<etcd_interface>(&self->scheduled());
  return [to, what = std::move(what), cause = kernel::trace::current_cause()](result<T> r) {
    kernel::trace::scope because{cause};
    auto held = std::make_shared<result<T>>(std::move(r));
    kernel::tell(
      to, driver_said{[what = what, held](etcd_ptr s) mutable { what(s, std::move(*held)); }});
  };
}

/// (feed.cpp)
void load(etcd_ptr self);
void watch_again(etcd_ptr self);
bool is_fed(etcd_ptr self); // the mirror is there, and etcd was heard of lately
/// Reads keys in pages, all at one revision: `at`, or the present.
struct reading {
  std::string from;
  std::string to;
  revision at{};
  std::uint64_t page = 0;
  std::function<void(etcd_ptr, std::vector<etcd::record>&&)> take;
  std::function<void(etcd_ptr, result<revision>)> done;
};
void read_pages(etcd_ptr self, reading what);

/// (views.cpp)
kernel::reply<viewed> take_view(etcd_ptr self, const get_view& m);
kernel::reply<viewed> take_view_at(etcd_ptr self, const get_view_at& m);
kernel::reply<history_of> take_history(etcd_ptr self);
void serve_views(etcd_ptr self);
std::shared_ptr<const store::history_source> etcd_past(const etcd_host& of); // past.cpp

/// (writes.cpp)
kernel::reply<transacted> take_write(etcd_ptr self, const transact& m);
void serve_outcomes(etcd_ptr self);

/// (leading.cpp)
void perform(etcd_ptr self, const etcd::election::orders& orders);
void look_at_candidates(etcd_ptr self);
void end_former_life(etcd_ptr self); // of this master: its lease would keep the others waiting
leadership leadership_now(etcd_ptr self);
void keep_leading(etcd_ptr self);
kernel::reply<handed_over> take_hand_over(etcd_ptr self);

/// (masters.cpp)
void look_at_masters(etcd_ptr self);
kernel::reply<join_answered> take_join(etcd_ptr self, const ask_to_join& m);
kernel::reply<member_removed> take_removal(etcd_ptr self, const remove_member& m);
members_listed list_masters(etcd_ptr self);

} // namespace troupe::storage
