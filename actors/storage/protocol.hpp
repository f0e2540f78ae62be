// What may be said to a master's replica of the store. Only actors/api and the storage actors speak
// it.
#pragma once

#include "actors/kernel/protocol.hpp"
#include "store/base/types.hpp"
#include "store/base/view.hpp"
#include "store/mvcc/history.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

/// Proposes a transaction, through whichever master leads. Answered when it is applied **here**, so
/// that a view taken afterwards contains it. Failures: `unavailable` (certainly not proposed: no
/// leader), `timeout` (it may or may not be applied; never sent again), `too_many_requests`.
struct transact {
  using local_only = void;
  store::transaction what;
};
struct transacted {
  using local_only = void;
  store::outcome what;
  store::view_ptr after; // a view that contains it
};

/// How recent a view must be.
struct get_view {
  using local_only = void;
  enum class freshness : std::uint8_t {
    any,           // what is here now
    linearizable,  // at least as recent as every write acknowledged before the question (ReadIndex)
    not_older_than // waits up to 3 s for `at`, then fails with timeout (ResourceVersionTooLarge)
  };
  freshness how = freshness::linearizable;
  revision at{};
};
/// The state exactly at a revision: `expired` when it is compacted, else as get_view.
struct get_view_at {
  using local_only = void;
  revision at{};
};
struct viewed {
  using local_only = void;
  store::view_ptr of;
};

/// Begins to follow the changes of a prefix. With `after`: all changes with a greater revision
/// (`expired` when compacted); without: from now on.
struct follow {
  using local_only = void;
  std::string prefix;
  bool exact = false; // only the key that equals `prefix`
  std::optional<revision> after;
};
struct followed {
  using local_only = void;
  std::uint64_t subscription = 0;
  revision at{}; // the changes that follow are all after this revision
};
/// The next changes, in order, each once; waits up to `wait` for the first, then answers with none.
/// Fails with `gone` when the subscription is unknown or fell too far behind. One question at a
/// time.
struct next_changes {
  using local_only = void;
  std::uint64_t subscription = 0;
  duration wait{};
};
struct changes {
  using local_only = void;
  std::vector<std::shared_ptr<const store::change>> list;
  revision up_to{}; // everything up to here is delivered: a bookmark may stand here
};
struct unfollow {
  using local_only = void;
  std::uint64_t subscription = 0;
};

/// Who leads, as this replica knows.
struct get_leadership {
  using local_only = void;
};
struct leadership {
  using local_only = void;
  term_id term{};
  member_id leader{}; // 0: unknown
  std::string leader_name;
  bool here = false; // this replica leads and has applied its own term's first entry
};

/// The replica tells the hub what it applied, in order.
struct published {
  using local_only = void;
  std::vector<std::shared_ptr<const store::change>> changes;
  revision last{};
  revision compacted{};
};
/// The state was replaced by a snapshot: nobody knows what happened in between.
struct replaced {
  using local_only = void;
  revision last{};
  revision compacted{};
};
struct leader_changed {
  using local_only = void;
};
using hub_feed_actor =
  caf::typed_actor<proto::tell<published>, proto::tell<replaced>, proto::tell<leader_changed>>;

/// The past, for watches that start before the hub's window.
struct get_history {
  using local_only = void;
};
struct history_of {
  using local_only = void;
  std::shared_ptr<const store::history> of;
};

using replica_actor = caf::typed_actor<    //
  proto::ask<transact, transacted>,        // change something
  proto::ask<get_view, viewed>,            // read
  proto::ask<get_view_at, viewed>,         // read the past
  proto::ask<get_history, history_of>,     //
  proto::ask<get_leadership, leadership>>; // who leads?

using watch_hub_actor = caf::typed_actor< //
  proto::ask<follow, followed>,           //
  proto::ask<next_changes, changes>,      //
  proto::tell<unfollow>>;

} // namespace troupe::storage
