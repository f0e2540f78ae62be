#include "tests/simulation/probe.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::sim {
namespace {

struct again {
  using local_only = void;
  carry what;
  int left = 0;
};
using courier_inside = courier_actor::extend<proto::tell<again>>;
struct courier_state {
  courier_state() = default;
  storage::replica_actor replica;
  std::shared_ptr<scope_facts> facts;
};
using courier_ptr = kernel::self_ptr<courier_inside, courier_state>;

void note(scope_facts& facts, const result<storage::transacted>& r) {
  auto& count = facts.to->count;
  using status = store::outcome::status;
  if (!r)
    ++count["fenced writes without outcome"];
  else if (r->what.what == status::applied)
    ++count["fenced writes applied"];
  else if (r->what.what == status::stale_term)
    ++count["fenced writes refused"];
}

storage::transact write_of(const carry& m) {
  storage::transact out;
  out.what.then = {{.what = store::operation::kind::put, .key = beat_key, .value = m.value}};
  out.what.fence = m.fence;
  return out;
}

void deliver(courier_ptr self, const carry& m, int left) {
  self->ask(self->state.replica, storage::get_view{}, 5s)
    .then([self, m, left](const result<storage::viewed>& v) {
      if (!v) {
        if (left > 0)
          self->after(100ms, again{m, left - 1});
        return;
      }
      self->ask(self->state.replica, write_of(m), 10s)
        .then([self](const result<storage::transacted>& r) { note(*self->state.facts, r); });
    });
}

struct probe_state {
  probe_state() = default;
  storage::replica_actor replica;
  courier_actor courier;
  std::shared_ptr<scope_facts> facts;
  std::uint64_t number = 0;
  std::optional<random_source> random;
};
using probe_ptr = kernel::self_ptr<probe_actor, probe_state>;

void act(probe_ptr self) {
  auto& s = self->state;
  self->after(
    std::chrono::milliseconds{s.random->between(s.facts->beat_least_ms, s.facts->beat_most_ms)},
    beat{});
  auto term = self->fence();
  if (!term || s.facts->quiet)
    return;
  carry m{*term,
          to_string(*term) + " " + self->process().name() + " " + std::to_string(++s.number)};
  if (s.random->chance(1, 2))
    return self->tell(s.courier, m);
  self->ask(s.replica, write_of(m), 10s)
    .then([facts = s.facts](const result<storage::transacted>& r) { note(*facts, r); });
}

} // namespace

courier_actor spawn_courier(const kernel::place& at, storage::replica_actor replica,
                            std::shared_ptr<scope_facts> facts) {
  return kernel::spawn<courier_inside, courier_state>(
    at, [replica, facts](courier_ptr self) -> courier_inside::behavior_type {
      self->state.replica = replica;
      self->state.facts = facts;
      return {
        [self](const carry& m) { deliver(self, m, 30); },
        [self](const again& m) { deliver(self, m.what, m.left); },
      };
    });
}

probe_actor spawn_probe(const kernel::place& at, storage::replica_actor replica,
                        courier_actor courier, std::shared_ptr<scope_facts> facts) {
  return kernel::spawn<probe_actor, probe_state>(
    at, [=](probe_ptr self) -> probe_actor::behavior_type {
      auto& s = self->state;
      s.replica = replica;
      s.courier = courier;
      s.facts = facts;
      s.random = self->process().random("probe");
      auto term = *self->fence();
      auto [known, fresh] = facts->leaders.emplace(term, self->process().name());
      if (!fresh && known->second != self->process().name())
        facts->to->violation("two members' leader scopes act in term " + to_string(term));
      self->after(1ms, beat{});
      return {[self](const beat&) { act(self); }};
    });
}

} // namespace troupe::sim
