#include "actors/kernel/scope.hpp"

#include "actors/kernel/process_registry.hpp"

#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

namespace troupe::kernel {
namespace {

/// What outlives the scope's own restart: a scope that died while leading leads again.
struct standing_order {
  std::optional<term_id> term; // none: following
};

struct scope_state {
  scope_state() = default;
  scope_state(const scope_state&) = delete;
  scope_state& operator=(const scope_state&) = delete;
  ~scope_state() {
    if (fence)
      fence->withdraw();
  }

  kernel::tree tree;
  std::shared_ptr<standing_order> order;
  supervisor_actor children;          // null: none
  std::optional<kernel::fence> fence; // of `children`
  bool stopping = false;              // the scope ends once its children have
  std::vector<promise<done>> stops;
};

using pointer = self_ptr<scope_actor, scope_state>;

/// Ends what runs, at once and waiting for nobody.
void step_down(pointer self) {
  if (!self->state.fence)
    return;
  self->state.fence->withdraw();
  self->state.fence.reset();
  self->process().inside().end_below(self->path());
  if (self->state.children)
    self->send_exit(self->state.children, caf::exit_reason::kill);
}

/// Starts the term's children when it is time and the last of the old ones is gone.
void step_up(pointer self) {
  auto& state = self->state;
  if (state.stopping || !state.order->term || state.fence)
    return;
  if (state.children || self->process().inside().end_below(self->path())) {
    self->after(1ms, scope_retry{});
    return;
  }
  state.fence.emplace(*state.order->term);
  auto at = self->place();
  at.fence = state.fence;
  state.children = spawn_subtree(at, state.tree);
  self->monitor(state.children);
}

void finish(pointer self) {
  for (auto& stop : self->state.stops)
    stop.answer(done{});
  self->quit();
}

void begin_stop(pointer self) {
  self->state.stopping = true;
  if (self->state.children)
    self->send_exit(self->state.children, caf::exit_reason::user_shutdown); // in order
  else
    finish(self);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& state = self->state;
  if (!state.children || state.children.address() != down.source)
    return;
  state.children = nullptr;
  if (state.stopping) {
    finish(self);
  } else if (state.fence) { // it was not us: they gave up
    step_down(self);
    self->fail(to_failure(down.reason));
  } else {
    step_up(self);
  }
}

scope_actor::behavior_type keep_scope(pointer self, const tree& t,
                                      const std::shared_ptr<standing_order>& order) {
  self->state.tree = t;
  self->state.order = order;
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](caf::exit_msg&) { begin_stop(self); });
  step_up(self);
  return {
    [self](const leading& m) {
      self->state.order->term = m.term;
      if (self->state.fence && self->state.fence->term() != m.term)
        step_down(self);
      step_up(self);
    },
    [self](const following&) {
      self->state.order->term.reset();
      step_down(self);
    },
    [self](const stop_tree&) -> reply<done> {
      auto later = self->promise<done>();
      self->state.stops.push_back(later);
      begin_stop(self);
      return later;
    },
    [self](const scope_retry&) { step_up(self); },
  };
}

} // namespace

scope_actor spawn_leader_scope(const place& at, tree t) {
  return spawn<scope_actor, scope_state>(at, keep_scope, std::move(t),
                                         std::make_shared<standing_order>());
}

spawn_function leader_scope(tree t) {
  return [t = std::move(t), order = std::make_shared<standing_order>()](const place& at) {
    return spawned{spawn<scope_actor, scope_state>(at, keep_scope, t, order)};
  };
}

} // namespace troupe::kernel
