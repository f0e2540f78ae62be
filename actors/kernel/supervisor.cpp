#include "actors/kernel/supervisor.hpp"

#include "actors/kernel/process_registry.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <deque>

namespace troupe::kernel {
namespace {

using supervision::event;
using supervision::order;

struct running {
  kernel::child spec;
  caf::strong_actor_ptr address; // null: none lives
  std::uint32_t incarnation = 0;
  std::string last_death;
};

void send_exit(const caf::strong_actor_ptr& to, caf::exit_reason why) {
  to->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(caf::message_priority::high),
                                        {}, caf::exit_msg{{}, why}),
              nullptr);
}

/// However a supervisor ends, its children end with it.
struct supervisor_state {
  supervisor_state() = default;
  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;
  ~supervisor_state() {
    for (auto& child : children) {
      if (child.spec.slot)
        child.spec.slot.park();
      if (child.address)
        send_exit(child.address, caf::exit_reason::kill);
    }
  }

  process_ptr root; // set: nobody but the process hears of its end
  supervision::book book;
  std::vector<running> children; // as in the book
  std::vector<promise<done>> stops;
  bool performing = false;
  std::deque<event> next; // what came up while orders were performed
};

using pointer = self_ptr<supervisor_actor, supervisor_state>;

void note(pointer self, const event& e);

/// Not the process's clock: that may be set, and then a restart would wait for hours.
instant steady(pointer self) { return instant{self->monotonic()}; }

supervision::child entry_of(const child& c) { return {.name = c.name, .restart = c.restart}; }

void watch(pointer self, running& child, const caf::strong_actor_ptr& address) {
  child.address = address;
  self->monitor(address);
  if (child.spec.slot)
    child.spec.slot.bind(address);
}

void start(pointer self, std::size_t index) {
  auto& child = self->state.children[index];
  auto at = self->place().child(child.spec.name);
  if (self->process().inside().end_below(at.path)) {
    // Something of the last incarnation still lives: not two at once.
    auto& entry = self->state.book.children[index];
    entry.phase = supervision::phase::waiting;
    entry.due = steady(self) + 1ms;
    self->after(1ms, supervision_timer{});
    return;
  }
  at.incarnation = ++child.incarnation;
  at.last_death = child.last_death;
  try {
    auto spawned = child.spec.spawn(at);
    if (spawned.address) {
      watch(self, child, spawned.address);
      return;
    }
    child.last_death = "it could not be started";
  } catch (const std::exception& e) {
    child.last_death = std::string{"it could not be started: "} + e.what();
  }
  note(self, {.what = event::kind::died, .child = index, .failed = true, .why = child.last_death});
}

void stop(pointer self, running& child) {
  if (child.spec.slot)
    child.spec.slot.unbind();
  send_exit(child.address, caf::exit_reason::user_shutdown);
  self->after(child.spec.stop_within,
              supervision_timer{.overdue = child.spec.name, .incarnation = child.incarnation});
}

void leave(pointer self, const std::string& why) {
  for (auto& child : self->state.children)
    if (child.spec.slot)
      child.spec.slot.park();
  for (auto& stop : self->state.stops)
    stop.answer(done{});
  if (why.empty()) {
    self->quit();
    return;
  }
  failure gave_up{.reason = reason::internal, .message = "gave up: " + why};
  if (self->state.root)
    self->state.root->fatal(self->path(), gave_up);
  self->fail(std::move(gave_up));
}

void perform(pointer self, const order& o) {
  auto& children = self->state.children;
  switch (o.what) {
  case order::kind::start: start(self, o.child); break;
  case order::kind::stop: stop(self, children[o.child]); break;
  case order::kind::kill: send_exit(children[o.child].address, caf::exit_reason::kill); break;
  case order::kind::wake_at:
    self->after(std::max<duration>(o.at - steady(self), 0s), supervision_timer{});
    break;
  case order::kind::fatal:
    self->process().fatal(self->place().child(children[o.child].spec.name).path,
                          {.reason = reason::internal, .message = o.why});
    break;
  case order::kind::forget:
    if (children[o.child].spec.slot)
      children[o.child].spec.slot.close(
        {.reason = reason::unavailable, .message = "the actor was removed"});
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(o.child));
    break;
  case order::kind::give_up: leave(self, o.why); break;
  case order::kind::finish: leave(self, {}); break;
  }
}

void note(pointer self, const event& e) {
  auto& state = self->state;
  state.next.push_back(e);
  if (std::exchange(state.performing, true))
    return;
  while (!state.next.empty()) {
    auto now = std::move(state.next.front());
    state.next.pop_front();
    for (const auto& o : supervision::decide(state.book, now, steady(self)))
      perform(self, o);
  }
  state.performing = false;
}

std::optional<std::size_t> find(pointer self, std::string_view name) {
  auto& children = self->state.children;
  for (std::size_t i = 0; i < children.size(); ++i)
    if (children[i].spec.name == name)
      return i;
  return std::nullopt;
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& state = self->state;
  auto& children = state.children;
  auto dead = std::find_if(children.begin(), children.end(), [&](const running& c) {
    return c.address && c.address->address() == down.source;
  });
  if (dead == children.end())
    return;
  dead->address = nullptr;
  if (dead->spec.slot)
    dead->spec.slot.unbind();
  auto normal = !down.reason || down.reason == caf::exit_reason::normal
                || down.reason == caf::exit_reason::user_shutdown;
  dead->last_death = normal ? "it ended" : to_failure(down.reason).message;
  note(self, {.what = event::kind::died,
              .child = static_cast<std::size_t>(dead - children.begin()),
              .failed = !normal,
              .why = dead->last_death});
  for (std::size_t i = 0; i < children.size(); ++i)
    if (state.book.children[i].phase == supervision::phase::ended && children[i].spec.slot)
      children[i].spec.slot.park(); // nobody comes any more
}

void on_timer(pointer self, const supervision_timer& m) {
  if (m.overdue.empty()) {
    note(self, {.what = event::kind::due});
    return;
  }
  auto index = find(self, m.overdue);
  if (index && self->state.children[*index].incarnation == m.incarnation)
    note(self, {.what = event::kind::overdue, .child = *index});
}

void add(pointer self, const child& c) {
  if (find(self, c.name))
    return;
  self->state.children.push_back({.spec = c});
  self->state.book.children.push_back(entry_of(c));
  note(self, {.what = event::kind::added});
}

supervisor_actor::behavior_type supervise(pointer self, const tree& t, const process_ptr& root) {
  auto& state = self->state;
  state.root = root;
  if (root)
    self->attach_functor([root, path = self->path()](const caf::error& why) {
      if (why == caf::exit_reason::kill && root->alive())
        root->fatal(path, {.reason = reason::internal, .message = "its supervisor was killed"});
    });
  state.book.strategy = t.strategy;
  state.book.tolerance = t.tolerance;
  state.book.backoff = t.backoff;
  for (const auto& c : t.children) {
    state.children.push_back({.spec = c});
    state.book.children.push_back(entry_of(c));
  }
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](caf::exit_msg&) { note(self, {.what = event::kind::stop}); });
  note(self, {.what = event::kind::started});
  return {
    [self](const stop_tree&) -> reply<done> {
      auto later = self->promise<done>();
      self->state.stops.push_back(later);
      note(self, {.what = event::kind::stop});
      return later;
    },
    [self](const add_child& m) { add(self, m.child); },
    [self](const remove_child& m) {
      if (auto index = find(self, m.name))
        note(self, {.what = event::kind::removed, .child = *index});
    },
    [self](const supervision_timer& m) { on_timer(self, m); },
  };
}

} // namespace

supervisor_actor spawn_supervisor(const place& at, tree t) {
  return spawn<supervisor_actor, supervisor_state>(at, supervise, std::move(t), at.process);
}

supervisor_actor spawn_subtree(const place& at, tree t) {
  return spawn<supervisor_actor, supervisor_state>(at, supervise, std::move(t), process_ptr{});
}

spawn_function subtree(tree t) {
  return [t = std::move(t)](const place& at) { return spawned{spawn_subtree(at, t)}; };
}

} // namespace troupe::kernel
