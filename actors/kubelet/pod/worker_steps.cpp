// How a worker carries out what ends things: containers, sandboxes, the object itself.
#include "actors/kubelet/pod/worker_state.hpp"
#include "actors/kubelet/requests.hpp"

#include <algorithm>

namespace troupe::kubelet::work {

namespace {

constexpr auto runtime_deadline = 5min; // the driver's own deadlines are shorter
constexpr auto least_grace = 2s;        // for TERM, when the preStop hook has used up the rest

std::function<void(result<kernel::done>)> counted(std::shared_ptr<std::size_t> open,
                                                  std::shared_ptr<bool> good,
                                                  std::function<void(bool)> then) {
  return [open, good, then = std::move(then)](const result<kernel::done>& r) {
    *good = *good && r.has_value();
    if (--*open == 0)
      then(*good);
  };
}

/// Its preStop hook, then TERM, then KILL; the hook's time counts.
void stop_one(pointer self, const std::string& id, duration grace,
              std::function<void(result<kernel::done>)> then) {
  auto& s = self->state;
  auto found = std::find_if(s.seen.containers.begin(), s.seen.containers.end(),
                            [&](const auto& c) { return c.id == id; });
  const auto* c = found == s.seen.containers.end() ? nullptr : s.spec.find(found->name);
  auto stop = [self, id, then = std::move(then)](duration left) {
    self->ask(self->state.with->engine, engine::stop_container{id, left}, left + runtime_deadline)
      .then(then);
  };
  if (c != nullptr)
    note(self, false, "Killing", "Stopping container " + c->name, c->name);
  if (c == nullptr || !c->pre_stop || grace == 0s) {
    stop(grace);
    return;
  }
  auto began = self->now();
  act(self, *c, id, *c->pre_stop, grace,
      [self, stop, grace, began, name = c->name](bool ok, const std::string& text) {
        if (!ok)
          note(self, true, "FailedPreStopHook", "PreStopHook failed: " + text, name);
        stop(std::max<duration>(grace - (self->now() - began), least_grace));
      });
}

void stop_sandboxes(pointer self, step_done then) {
  auto open = std::make_shared<std::size_t>(0);
  auto good = std::make_shared<bool>(true);
  auto done = counted(
    open, good, [then = std::move(then)](bool ok) { then(ok ? step_end::look : step_end::pause); });
  std::vector<std::string> ids;
  for (const auto& sandbox : self->state.seen.sandboxes)
    if (sandbox.state == runtime::sandbox_state::ready)
      ids.push_back(sandbox.id);
  *open = ids.size() + 1;
  for (const auto& id : ids)
    self->ask(self->state.with->engine, engine::stop_sandbox{id}, runtime_deadline)
      .then(unless_outdated(self, done));
  done(kernel::done{});
}

using waves = std::shared_ptr<const std::vector<std::vector<std::string>>>;

void stop_waves(pointer self, waves all, std::size_t index, instant end, step_done then) {
  if (index == all->size()) {
    stop_sandboxes(self, std::move(then));
    return;
  }
  auto open = std::make_shared<std::size_t>((*all)[index].size());
  auto good = std::make_shared<bool>(true);
  auto left = std::max<duration>(end - self->now(), 0ns);
  auto done = counted(open, good, [self, all, index, end, then = std::move(then)](bool ok) {
    if (ok)
      stop_waves(self, all, index + 1, end, then);
    else
      then(step_end::pause);
  });
  for (const auto& id : (*all)[index])
    stop_one(self, id, left, unless_outdated(self, done));
}

void carry_out(pointer self, const kill_pod& s, step_done then) {
  auto& state = self->state;
  state.killing = true;
  state.grace_used =
    static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(s.grace).count());
  auto all = std::make_shared<const std::vector<std::vector<std::string>>>(
    kill_waves(state.spec, state.seen));
  stop_waves(self, all, 0, self->now() + s.grace, std::move(then));
}

void carry_out(pointer self, const run_sandbox& s, step_done then) {
  run(self, s, std::move(then));
}

void carry_out(pointer self, const start_container& s, step_done then) {
  start(self, s, std::move(then));
}

void carry_out(pointer self, const kill_container& s, step_done then) {
  stop_one(self, s.id, s.grace,
           unless_outdated(self, [then = std::move(then)](const result<kernel::done>& r) {
             then(r ? step_end::done : step_end::pause);
           }));
}

void carry_out(pointer self, const remove_container& s, step_done then) {
  self->ask(self->state.with->engine, engine::remove_container{s.id}, runtime_deadline)
    .then(unless_outdated(self, [then = std::move(then)](const result<kernel::done>& r) {
      then(r ? step_end::done : step_end::pause);
    }));
}

void carry_out(pointer self, const remove_sandbox& s, step_done then) {
  auto removed = unless_outdated(
    self, [then](const result<kernel::done>& r) { then(r ? step_end::done : step_end::pause); });
  self->ask(self->state.with->engine, engine::stop_sandbox{s.id}, runtime_deadline)
    .then(unless_outdated(self, [self, id = s.id, removed, then](const result<kernel::done>& r) {
      if (!r)
        return then(step_end::pause);
      self->ask(self->state.with->engine, engine::remove_sandbox{id}, runtime_deadline)
        .then(removed);
    }));
}

void forget_object(pointer self, step_done then) {
  auto& s = self->state;
  auto request =
    remove_pod_request(node_user(s.with->node->name), s.spec.meta.ns, s.spec.meta.name, s.uid);
  self->ask(s.with->api, client::call{std::move(request)}, client::call_deadline)
    .then(unless_outdated(self, [self, then = std::move(then)](const result<client::called>& r) {
      auto why = r ? failure_in(r->answer) : std::optional(r.error());
      auto over = !why || why->reason == reason::not_found || why->reason == reason::conflict;
      self->state.removed = self->state.removed || over;
      then(over ? step_end::look : step_end::pause);
    }));
}

void carry_out(pointer self, const finish_deletion&, step_done then) {
  if (self->state.telling) // its last status comes first
    self->state.after_told = [self, then = std::move(then)] { forget_object(self, then); };
  else
    forget_object(self, std::move(then));
}

} // namespace

void perform(pointer self, const step& s, step_done then) {
  std::visit([&](const auto& one) { carry_out(self, one, std::move(then)); }, s);
}

void hasten(pointer self, duration grace) {
  auto& s = self->state;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(grace).count();
  if (seconds >= s.grace_used)
    return;
  s.grace_used = static_cast<std::uint32_t>(seconds);
  for (const auto& c : s.seen.containers)
    if (c.state == runtime::container_state::running)
      self->ask(s.with->engine, engine::stop_container{c.id, grace}, grace + runtime_deadline)
        .then([](const result<kernel::done>&) {}); // the stop under way answers
}

} // namespace troupe::kubelet::work
