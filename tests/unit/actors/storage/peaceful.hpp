// A cluster of the simulation without faults.
#pragma once

#include "tests/simulation/cluster.hpp"
#include "tests/simulation/outside.hpp"

namespace troupe::sim {

struct peaceful {
  explicit peaceful(std::size_t masters) : peaceful(calm(masters)) {}
  explicit peaceful(const options& o) : c(o, seen) {
    c.scopes->quiet = true; // no writes but the test's
  }
  static options calm(std::size_t masters) {
    auto o = draw(1, bug::none);
    o.masters = masters;
    o.bad_mail = false;
    o.batch_bytes = 1U << 20;
    o.chunk_bytes = 1U << 20;
    o.network = {};
    o.disk = {};
    o.flush_entries = 20;
    o.keep_entries = 5;
    o.compact_after = 1h;
    return o;
  }
  kernel::simulation& world() { return c.world; }
  /// Who says that it leads; nobody may for a while.
  std::optional<std::size_t> leader() {
    for (std::size_t i = 0; i < c.members.size(); ++i) {
      if (!c.up(i))
        continue;
      auto l = c.world.ask<storage::leadership>(replica(i), storage::get_leadership{});
      if (l && l->here)
        return i;
    }
    return std::nullopt;
  }
  bool led(duration within = 20s) {
    for (auto end = c.world.now() + within; c.world.now() < end; c.world.advance(50ms))
      if (leader())
        return true;
    return false;
  }
  storage::replica_actor replica(std::size_t at) { return c.members[at].now->replica; }
  storage::watch_hub_actor hub(std::size_t at) { return c.members[at].now->hub; }

  static storage::transact put(const std::string& key, const std::string& value) {
    storage::transact out;
    out.what.then = {{.key = key, .value = value}};
    return out;
  }
  result<storage::transacted> write(std::size_t at, const std::string& key,
                                    const std::string& value) {
    return c.world.ask<storage::transacted>(replica(at), put(key, value), 20s);
  }
  /// Empty when there is none.
  std::string read(std::size_t at, const std::string& key) {
    auto v = c.world.ask<storage::viewed>(replica(at), storage::get_view{}, 20s);
    auto record = v ? v->of->get(key) : nullptr;
    return record ? *record->value : std::string{};
  }
  log_index applied(std::size_t at) { return c.members[at].now->state->facts().applied; }
  std::uint64_t state(std::size_t at) {
    return store::state_hash(c.members[at].now->state->facts());
  }
  /// A member that does not lead.
  std::size_t follower() { return (*leader() + 1) % c.members.size(); }

  report seen;
  cluster c;
};

} // namespace troupe::sim
