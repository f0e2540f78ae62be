// The store itself, asked from another process over links (portal "store"): transactions,
// linearizable reads and ranges of raw keys, past the API and all its rules.
//
// It exists so that the store can be measured as what it is, from outside, against other stores
// (`troupe bench store`), and for tools that look at what is stored. Only processes with a master's
// certificate may use it: whoever has one may propose anything to the store anyway (portal
// "replica"), so it opens no new door. It takes no fence: leader scopes act in their own process.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/kernel/types.hpp"
#include "actors/storage/protocol.hpp"

#include <caf/meta/type_name.hpp>

namespace troupe::storage {

/// Failures are those of `transact`; `bad_request` for bytes that are no transaction.
struct commit_raw {
  std::string transaction; // store::encode
};
struct raw_committed {
  store::outcome::status status = store::outcome::status::applied;
  revision first{};
  revision last{};
  std::uint32_t failed = 0;
};

struct read_raw {
  std::string key;
  bool linearizable = true; // else what this master has
};
struct raw_read {
  revision at{}; // of the view that was read
  bool there = false;
  std::string value;
  revision created{};
  revision modified{};
};

struct list_raw {
  std::string prefix;
  std::string from;        // as store::range
  std::uint32_t limit = 0; // 1 to 10,000; the answer holds fewer when it grows beyond 2 MiB
  bool linearizable = true;
  /// 0: now. To go on with a list: what its first answer said; that view is kept for 10 s after it,
  /// later or with other lists in between the answer may be `expired`.
  revision at{};
};
struct raw_listed {
  revision at{};
  std::uint32_t count = 0;
  std::string records; // read_records()
  bool more = false;
};
struct raw_record {
  std::string key;
  std::string value;
  revision created{};
  revision modified{};
};
/// Fails with bad_request when they are not `count` well-formed records.
result<std::vector<raw_record>> read_records(const raw_listed& from);

template <class F> auto inspect(F& f, commit_raw& m) {
  return f(caf::meta::type_name("storage.commit_raw"), m.transaction);
}
template <class F> auto inspect(F& f, raw_committed& m) {
  return f(caf::meta::type_name("storage.raw_committed"), m.status, m.first, m.last, m.failed);
}
template <class F> auto inspect(F& f, read_raw& m) {
  return f(caf::meta::type_name("storage.read_raw"), m.key, m.linearizable);
}
template <class F> auto inspect(F& f, raw_read& m) {
  return f(caf::meta::type_name("storage.raw_read"), m.at, m.there, m.value, m.created, m.modified);
}
template <class F> auto inspect(F& f, list_raw& m) {
  return f(caf::meta::type_name("storage.list_raw"), m.prefix, m.from, m.limit, m.linearizable,
           m.at);
}
template <class F> auto inspect(F& f, raw_listed& m) {
  return f(caf::meta::type_name("storage.raw_listed"), m.at, m.count, m.records, m.more);
}

using raw_actor = caf::typed_actor<      //
  proto::ask<commit_raw, raw_committed>, //
  proto::ask<read_raw, raw_read>,        //
  proto::ask<list_raw, raw_listed>>;

inline constexpr auto raw_portal = "store";

/// Serves the portal from a replica. Reads that come together share one view; lists are made by an
/// actor of their own, so that long ones hold up nobody.
raw_actor spawn_raw(const kernel::place& at, replica_actor replica);

} // namespace troupe::storage
