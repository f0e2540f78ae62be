// The base of every actor: typed, stateful, traced, with a bounded mailbox and safe defaults.
//
//   // monitor.hpp (what others see)
//   monitor_actor spawn_monitor(const kernel::place& at, monitor_settings settings);
//
//   // monitor.cpp
//   struct monitor_state {
//     monitor_state() = default;          // a state is never an aggregate
//     ledger leases;
//   };
//   using pointer = kernel::self_ptr<monitor_actor, monitor_state>;
//
//   monitor_actor::behavior_type monitor(pointer self, const monitor_settings& settings) {
//     self->after(1s, sweep{});
//     return {
//       [self](const renewed& m) { self->state.leases.note(m); },
//       [self](const sweep&) -> reply<expired> { return self->state.leases.overdue(self->now()); },
//     };
//   }
//   monitor_actor spawn_monitor(const kernel::place& at, monitor_settings settings) {
//     return kernel::spawn<monitor_actor, monitor_state>(at, monitor, std::move(settings));
//   }
//
// Defaults: a message that is not understood is dropped (an ask is answered bad_request), stray
// errors are ignored, an exception ends the actor with its text, which its supervisor reports.
#pragma once

#include "actors/kernel/ask.hpp"
#include "actors/kernel/place.hpp"
#include "actors/kernel/trace.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>

namespace troupe::kernel {

namespace detail {

struct object_probe {
  const std::type_info* type;
  std::string (*object)(const void* message);
};
template <class M>
concept names_object = requires(const M& m) {
  { traced_object(m) } -> std::convertible_to<std::string>;
};
template <class Signature> struct probe_of;
template <class M, class... Out>
struct probe_of<caf::typed_mpi<caf::detail::type_list<M>, caf::output_tuple<Out...>>> {
  static void add(std::vector<object_probe>& to) {
    if constexpr (names_object<M>)
      to.push_back({&typeid(M), [](const void* m) -> std::string {
                      return traced_object(*static_cast<const M*>(m));
                    }});
  }
};
template <class... Signatures> std::vector<object_probe> probes_of() {
  std::vector<object_probe> out;
  (probe_of<Signatures>::add(out), ...);
  return out;
}

} // namespace detail

class blocking_pool;
namespace detail {
caf::message_id run_job(actor_core& self, blocking_pool& pool,
                        std::function<std::shared_ptr<void>()> work, duration deadline);
}

/// What does not depend on the actor's interface: all of it, nearly.
class actor_core {
public:
  actor_core(const actor_core&) = delete;
  actor_core& operator=(const actor_core&) = delete;

  const kernel::place& place() const { return place_; }
  kernel::process& process() const { return *place_.process; }
  const std::string& path() const { return place_.path; }
  instant now() const { return place_.process->now(); }
  /// Time that never jumps, from an unknown origin: for measuring spans and comparing deadlines.
  duration monotonic() const;
  /// The term that commands of this actor carry; nothing outside of a leader scope.
  std::optional<term_id> fence() const;
  /// Ends this actor as failed; its supervisor decides. The current handler runs to its end.
  void fail(failure why);

  /// Sends and forgets. Delivery is not promised: the receiver may be gone.
  template <class Handle, class M>
  requires detail::understood_by<Handle, std::decay_t<M>>
  void tell(const Handle& dest, M&& message) {
    if (dest)
      deliver(
        *caf::actor_cast<caf::abstract_actor*>(dest),
        caf::make_mailbox_element(address(), caf::message_id{}, {}, std::forward<M>(message)));
  }

  /// Asks; the answer or a failure comes within `deadline` (at most 24 h).
  template <class Handle, class Q>
  requires detail::understood_by<Handle, std::decay_t<Q>>
    pending<answer_of<Handle, std::decay_t<Q>>> ask(const Handle& dest, Q&& question,
                                                    duration deadline) {
    auto id = new_ask();
    deliver_ask(dest ? caf::actor_cast<caf::abstract_actor*>(dest) : nullptr,
                caf::make_mailbox_element(address(), id, {}, std::forward<Q>(question)), deadline);
    return {*this, id.response_id()};
  }

  /// Tells itself later, on the scheduler's clock. The cause is kept.
  template <class M> void after(duration delay, M&& message) {
    deliver_later(
      delay, caf::make_mailbox_element(address(), caf::message_id{}, {}, std::forward<M>(message)));
  }

  /// Takes over the duty to answer the current ask. Only within a handler that returns reply<A>.
  template <class A> kernel::promise<A> promise() {
    return kernel::promise<A>{take_return_address()};
  }

  caf::scheduled_actor& scheduled() const { return *self_; }

protected:
  actor_core(caf::scheduled_actor& self, const kernel::place& at,
             std::vector<detail::object_probe> probes);
  ~actor_core();

  /// Decides whether a message may enter the mailbox and notes its cause; takes it when it may not.
  bool admit(caf::mailbox_element_ptr& message);
  using consume_function = caf::invoke_message_result (*)(actor_core&, caf::mailbox_element&);
  /// Around the handling of a message.
  caf::invoke_message_result handle(caf::mailbox_element& message, consume_function consume);
  /// The actor has ended; its object may live on.
  void ended(const caf::error& why);
  /// Who schedules it when its mailbox is filled by `unit`: its home, if it has one.
  caf::execution_unit* scheduled_by(caf::execution_unit* unit) const;

private:
  friend struct process::registry;
  friend void detail::on_response(actor_core&, caf::message_id, detail::response_callback);
  friend caf::message_id detail::run_job(actor_core&, blocking_pool&,
                                         std::function<std::shared_ptr<void>()>, duration);
  struct inside; // actor_inside.hpp
  caf::strong_actor_ptr address() const;
  caf::message_id new_ask();
  void deliver(caf::abstract_actor& dest, caf::mailbox_element_ptr message);
  void deliver_ask(caf::abstract_actor* dest, caf::mailbox_element_ptr message, duration deadline);
  void deliver_later(duration delay, caf::mailbox_element_ptr message);
  std::shared_ptr<detail::return_address> take_return_address();
  class handling;
  caf::invoke_message_result traced(caf::mailbox_element& message, consume_function consume);
  caf::invoke_message_result dispatch(caf::mailbox_element& message, consume_function consume);
  void open_ask(caf::message_id response, duration deadline);
  void expire_asks();
  void arm(caf::actor_clock::time_point at);
  void refuse(caf::mailbox_element& message, failure why);

  caf::scheduled_actor* self_;
  kernel::place place_;
  std::unique_ptr<inside> inside_;
};

template <class Handle> class traced;

template <class... Signatures>
class traced<caf::typed_actor<Signatures...>> : public caf::typed_event_based_actor<Signatures...>,
                                                public actor_core {
public:
  using super = caf::typed_event_based_actor<Signatures...>;

  traced(caf::actor_config& config, const kernel::place& at)
      : super(config), actor_core(*this, at, detail::probes_of<Signatures...>()) {}

  using actor_core::now; // the process's clock, not the scheduler's
  using super::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* unit) override {
    if (this->admit(message))
      super::enqueue(std::move(message), this->scheduled_by(unit));
  }
  void launch(caf::execution_unit* unit, bool lazy, bool hide) override {
    super::launch(this->scheduled_by(unit), lazy, hide);
  }
  caf::invoke_message_result consume(caf::mailbox_element& message) override {
    return this->handle(message, [](actor_core& core, caf::mailbox_element& m) {
      return static_cast<traced&>(core).super::consume(m);
    });
  }
  using super::consume;
  bool cleanup(caf::error&& why, caf::execution_unit* unit) override {
    this->ended(why);
    return super::cleanup(std::move(why), unit);
  }
};

template <class Handle, class State>
class actor final : public caf::stateful_actor<State, traced<Handle>> {
  static_assert(!std::is_aggregate_v<State>, "give the state a constructor (`S() = default;`): CAF "
                                             "would initialize its first member with self");

public:
  using behavior_type = typename Handle::behavior_type;
  using start_function = caf::detail::unique_function<behavior_type(actor*)>;

  actor(caf::actor_config& config, const kernel::place& at, start_function start)
      : caf::stateful_actor<State, traced<Handle>>(config, at)
      , start_(std::move(start))
      , born_of_(trace::current_cause()) {}

protected:
  behavior_type make_behavior() override {
    trace::scope cause{born_of_}; // what it does first is caused by what made it be spawned
    auto start = std::move(start_);
    return start(this);
  }

private:
  start_function start_;
  cause_id born_of_;
};

template <class Handle, class State> using self_ptr = actor<Handle, State>*;

/// For actors without state.
struct stateless {
  stateless() = default;
};

/// Starts an actor: `behavior(self, args...)` runs in it, as its first act.
template <class Handle, class State, class F, class... Args>
Handle spawn(const kernel::place& at, F behavior, Args... args) {
  using impl = actor<Handle, State>;
  caf::actor_config config;
  typename impl::start_function start{
    [behavior = std::move(behavior), ... args = std::move(args)](impl* self) mutable {
      return behavior(self, std::move(args)...);
    }};
  return at.process->system().template spawn_impl<impl, caf::no_spawn_options>(config, at,
                                                                               std::move(start));
}

/// Tells from outside of the actors (a driver's thread, main).
template <class Handle, class M>
requires detail::understood_by<Handle, std::decay_t<M>>
void tell(const Handle& dest, M&& message) {
  if (dest)
    caf::actor_cast<caf::abstract_actor*>(dest)->enqueue(
      caf::make_mailbox_element(nullptr, caf::message_id{}, {}, std::forward<M>(message)), nullptr);
}

} // namespace troupe::kernel
