#include "actors/network/network.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/network/picture.hpp"

#include <algorithm>

namespace troupe::network {
namespace {

struct repeat { // say `inform` again
  using local_only = void;
};
struct check { // look whether the kernel still has it
  using local_only = void;
};
enum class lane_id : std::uint8_t { rules, pods };
struct try_again {
  using local_only = void;
  lane_id which = lane_id::rules;
};
using network_interface =
  network_actor::extend<proto::tell<repeat>, proto::tell<check>, proto::tell<try_again>>;

/// The work of one driver: one piece at a time, a pause after each failure.
struct lane {
  bool busy = false;   // at work, or in the pause
  bool due = false;    // the kernel's state is to be checked
  duration pause{};    // the last one; 0 after a success
  std::string failure; // of the last attempt
  std::uint64_t done = 0;
  std::vector<cause_id> causes; // of what came meanwhile
};
constexpr std::size_t most_causes = 32;

struct source {
  client::informer_actor from;
  revision told{};
};

struct network_state {
  network_state() = default;
  network_dependencies with;
  std::unique_ptr<picture> known;
  source services;
  source slices;
  source nodes;
  lane rules;
  lane pods;
  netd::podnet_plan shown_pods;
  std::uint64_t healed = 0;
};
using pointer = kernel::self_ptr<network_interface, network_state>;

void work(pointer self, lane_id which);

lane& lane_of(pointer self, lane_id which) {
  return which == lane_id::rules ? self->state.rules : self->state.pods;
}

/// The message at hand is one of those that caused what is done next.
void remember_cause(lane& l) {
  if (l.causes.size() < most_causes)
    l.causes.push_back(kernel::trace::current_cause());
}

void begin(lane& l) {
  l.busy = true;
  l.due = false;
  for (auto c : std::exchange(l.causes, {}))
    kernel::trace::also_caused_by(c);
}

void finish(pointer self, lane_id which, const result<void>& done) {
  auto& l = lane_of(self, which);
  if (done) {
    ++l.done;
    l.busy = false;
    l.pause = {};
    l.failure.clear();
    return work(self, which);
  }
  const auto& s = self->state;
  l.failure = done.error().message;
  l.pause = l.pause == duration{} ? s.with.retry_first : std::min(l.pause * 2, s.with.retry_most);
  self->after(l.pause, try_again{which});
}

void work_on_rules(pointer self) {
  auto& s = self->state;
  if (!s.with.drivers.proxy || !s.known->rules_known())
    return;
  auto changes = std::make_shared<const netd::route_changes>(s.known->take_rules());
  if (changes->empty() && !s.rules.due)
    return;
  bool verify = s.rules.due;
  begin(s.rules);
  kernel::run(
    *self, *s.with.pool,
    [proxy = s.with.drivers.proxy, changes, verify]() -> result<bool> {
      bool lost = verify && !proxy->verify();
      CHECK_RETURN(proxy->apply(*changes));
      return lost;
    },
    s.with.within)
    .then([self, changes](result<bool> healed) {
      auto& h = self->state;
      if (!healed) {
        h.known->put_back(*changes);
        return finish(self, lane_id::rules, std::move(healed).error());
      }
      h.healed += *healed ? 1 : 0;
      finish(self, lane_id::rules, {});
    });
}

void work_on_pods(pointer self) {
  auto& s = self->state;
  if (!s.with.drivers.pods || !s.known->nodes_known())
    return;
  auto plan = s.known->pods();
  if (s.pods.done != 0 && !s.pods.due && s.pods.failure.empty() && plan == s.shown_pods)
    return;
  begin(s.pods);
  kernel::run(
    *self, *s.with.pool, [pods = s.with.drivers.pods, plan] { return pods->apply(plan); },
    s.with.within)
    .then([self, plan](const result<void>& done) {
      if (done)
        self->state.shown_pods = plan;
      finish(self, lane_id::pods, done);
    });
}

void work(pointer self, lane_id which) {
  auto& l = lane_of(self, which);
  if (l.busy)
    return;
  if (which == lane_id::rules)
    work_on_rules(self);
  else
    work_on_pods(self);
  l.causes.clear(); // whoever found nothing to do was nobody's cause
}

void take(pointer self, const client::informed::news& news) {
  auto& s = self->state;
  using kind = picture::kind;
  auto note = [&](source& from, kind of, lane_id which) {
    from.told = news.upto;
    s.known->note(of, news.events, news.whole);
    if (auto& l = lane_of(self, which); l.busy)
      remember_cause(l);
    work(self, which);
  };
  if (news.resource == "services")
    note(s.services, kind::services, lane_id::rules);
  else if (news.resource == "endpointslices")
    note(s.slices, kind::slices, lane_id::rules);
  else if (news.resource == "nodes")
    note(s.nodes, kind::nodes, lane_id::pods);
}

void subscribe(pointer self) {
  auto& s = self->state;
  auto me = caf::actor_cast<client::informed_actor>(self);
  for (const auto* from : {&s.services, &s.slices, &s.nodes})
    self->tell(from->from, client::inform{me, from->told});
  self->after(client::inform_every, repeat{});
}

void check_kernel(pointer self) {
  auto& s = self->state;
  for (auto which : {lane_id::rules, lane_id::pods}) {
    lane_of(self, which).due = true;
    work(self, which);
  }
  self->after(s.with.sync, check{});
}

described describe_state(const network_state& s) {
  return {.rule_changes = s.rules.done,
          .pod_changes = s.pods.done,
          .healed = s.healed,
          .pods_ready = s.shown_pods.self.has_value(),
          .rules_failure = s.rules.failure,
          .pods_failure = s.pods.failure};
}

network_interface::behavior_type behave(pointer self, network_dependencies with) {
  auto& s = self->state;
  s.with = std::move(with);
  s.known = std::make_unique<picture>(s.with.node);
  if (s.with.drivers.proxy) {
    s.services.from = s.with.services;
    s.slices.from = s.with.slices;
  }
  if (s.with.drivers.pods)
    s.nodes.from = s.with.nodes;
  subscribe(self);
  self->after(s.with.sync, check{});
  return {
    [self](const client::informed& m) { take(self, *m.what); },
    [self](const describe&) -> kernel::reply<described> { return describe_state(self->state); },
    [self](const repeat&) { subscribe(self); },
    [self](const check&) { check_kernel(self); },
    [self](const try_again& m) {
      lane_of(self, m.which).busy = false;
      work(self, m.which);
    },
  };
}

} // namespace

network_actor spawn_network(const kernel::place& at, network_dependencies with) {
  return kernel::spawn<network_interface, network_state>(at, behave, std::move(with));
}

} // namespace troupe::network
