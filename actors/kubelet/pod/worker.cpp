#include "actors/kubelet/pod/worker.hpp"

#include "actors/kubelet/pod/status.hpp"
#include "actors/kubelet/pod/volumes.hpp"
#include "actors/kubelet/pod/worker_state.hpp"
#include "config/api/peek.hpp"

#include <algorithm>

namespace troupe::kubelet {

namespace work {

namespace {

constexpr auto look_deadline = 10s;
constexpr auto pause = 1s; // after a step that failed
constexpr auto clean_deadline = 60s;

/// Comes back after `in`, unless something else happens before.
void arm(pointer self, duration in) { self->after(in, pod_timer{++self->state.timer}); }

void finish(pointer self, step_end how) {
  auto& s = self->state;
  s.busy = false;
  s.interrupt = false;
  s.killing = false;
  if (how == step_end::pause)
    arm(self, pause);
  else if (how == step_end::look || s.dirty)
    sync(self);
}

void leave(pointer self) {
  self->tell(self->state.with->manager, pod_finished{self->state.uid});
  self->quit();
}

/// Nothing runs any more: takes away directories and cgroups, and ends.
void clean(pointer self) {
  auto& s = self->state;
  const auto& node = *s.with->node;
  auto what = s.object ? remains_of(s.spec, node) : remains{{node.pods_root + "/" + s.uid}, {}};
  auto machine = s.with->host;
  kernel::run(
    *self, *s.with->files, [machine, what] { return machine->clean(what); }, clean_deadline)
    .then([self](result<void> r) {
      if (r)
        leave(self);
      else
        finish(self, step_end::pause);
    });
}

void perform_from(pointer self, std::shared_ptr<const std::vector<step>> steps, std::size_t index) {
  auto& s = self->state;
  if (index == steps->size() || s.interrupt) {
    finish(self, step_end::look);
    return;
  }
  perform(self, (*steps)[index], unless_outdated(self, [self, steps, index](step_end how) {
            if (how == step_end::done)
              perform_from(self, steps, index + 1);
            else
              finish(self, how);
          }));
}

/// Verdicts on containers that are no more.
void forget_verdicts(memory& known, const runtime::pod_state& seen) {
  for (auto* verdicts : {&known.ready, &known.started, &known.alive})
    std::erase_if(*verdicts, [&](const auto& one) {
      return std::none_of(seen.containers.begin(), seen.containers.end(), [&](const auto& c) {
        return c.id == one.first && c.state == runtime::container_state::running;
      });
    });
}

void note_holds(pointer self, const plan& next) {
  for (const auto& [name, why] : next.held) {
    auto crash = why.reason == "CrashLoopBackOff";
    if (!crash && why.reason != "ImagePullBackOff")
      continue;
    const auto* last = latest(self->state.seen, name);
    auto attempt = last == nullptr ? 0U : last->attempt;
    if (!self->state.noted.insert(why.reason + name + std::to_string(attempt)).second)
      continue;
    auto text = crash ? "Back-off restarting failed container " + name + " in pod "
                          + self->state.spec.meta.name + "_" + self->state.spec.meta.ns + "("
                          + self->state.uid + ")"
                      : why.message.substr(0, why.message.find("\":") + 1);
    note(self, true, "BackOff", text, name);
  }
}

plan decide(pointer self) {
  auto& s = self->state;
  if (s.gone || s.removed)
    return {plan_removal(s.seen), std::nullopt, {}};
  auto now = self->now();
  if (auto deadline = deadline_of(s.spec, s.known); deadline && *deadline <= now && !s.known.ended)
    s.known.ended =
      waiting{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"};
  if (s.terminal && !s.spec.meta.deleted) {
    auto known = s.known;
    known.ended = waiting{};
    return plan_pod(s.spec, s.seen, known, now);
  }
  return plan_pod(s.spec, s.seen, s.known, now);
}

void looked(pointer self) {
  auto& s = self->state;
  forget_verdicts(s.known, s.seen);
  auto next = decide(self);
  if (s.gone || s.removed) {
    if (next.steps.empty()) {
      clean(self);
      return;
    }
  } else if (!s.terminal) {
    arrange_probes(self);
    tell_status(self, next);
    note_holds(self, next);
  }
  if (!next.steps.empty()) {
    perform_from(self, std::make_shared<const std::vector<step>>(std::move(next.steps)), 0);
    return;
  }
  // A little later for each pod: what began together does not look together.
  auto spread = static_cast<std::int64_t>(std::hash<std::string>{}(s.uid) % 1000);
  auto wait = s.with->resync + s.with->resync / 10000 * spread;
  if (next.again)
    wait = std::clamp<duration>(*next.again - self->now(), 1ms, wait);
  arm(self, wait);
  finish(self, step_end::done);
}

} // namespace

void sync(pointer self) {
  auto& s = self->state;
  if (s.busy) {
    s.dirty = true;
    return;
  }
  if (!s.object && !s.gone)
    return;
  s.busy = true;
  s.dirty = false;
  ++s.timer;
  // Should there be something after all (a kubelet died before it said so), making a second sandbox
  // fails, and the next look finds the first.
  if (std::exchange(s.untouched, false))
    return looked(self);
  self->ask(s.with->engine, engine::inspect{s.uid}, look_deadline)
    .then(unless_outdated(self, [self](result<engine::inspected> r) {
      if (!r) {
        finish(self, step_end::pause);
        return;
      }
      self->state.seen = std::move(r->state);
      looked(self);
    }));
}

namespace {

/// The pod is to end: what is under way is left, or done faster.
void turn_to_end(pointer self, duration grace) {
  auto& s = self->state;
  if (s.killing) {
    hasten(self, grace);
  } else if (s.pulling) { // nobody waits for that image any more
    ++s.epoch;
    s.pulling = false;
    s.busy = false;
  } else if (s.busy) {
    s.interrupt = true;
  }
}

void take_start_time(pointer self, const api::object& of) {
  auto& s = self->state;
  auto started = api::parse_time(api::peek_text(*of.body, {"status", "startTime"}));
  s.known.start = started ? *started : self->now();
  s.untouched = !started && !of.meta.deleted;
  auto phase = api::peek_text(*of.body, {"status", "phase"});
  s.terminal = phase == "Succeeded" || phase == "Failed";
}

void learn(pointer self, const pod_is& m) {
  auto& s = self->state;
  if (s.object && s.object->meta.version == m.of->meta.version)
    return sync(self);
  auto read = read_pod(*m.of);
  auto first = !s.object;
  if (first)
    take_start_time(self, *m.of);
  s.object = m.of;
  if (!read) { // the API let something through that we do not understand
    s.spec.meta = m.of->meta;
    s.known.ended = waiting{"InvalidPod", read.error().message};
    return sync(self);
  }
  auto was_deleted = s.spec.meta.deleted.has_value();
  auto old_grace = s.spec.meta.grace;
  s.spec = std::move(*read);
  auto ends =
    s.spec.meta.deleted && (!was_deleted || s.spec.meta.grace.value_or(0) < old_grace.value_or(0));
  if (ends)
    turn_to_end(self, std::chrono::seconds(s.spec.meta.grace.value_or(0)));
  if (first && !s.spec.volumes.empty())
    self->after(s.with->follow_contents, contents_due{});
  sync(self);
}

worker_actor::behavior_type worker(pointer self, std::shared_ptr<const worker_settings> with,
                                   std::string uid, bool orphan) {
  auto& s = self->state;
  s.with = std::move(with);
  s.uid = std::move(uid);
  s.gone = orphan;
  if (orphan)
    self->after(0ns, pod_timer{0});
  else
    self->tell(s.with->manager, worker_started{s.uid});
  return {
    [self](const pod_is& m) { learn(self, m); },
    [self](const pod_is_gone&) {
      self->state.gone = true;
      turn_to_end(self, 0s);
      sync(self);
    },
    [self](const look_again&) { sync(self); },
    [self](const end_pod& m) {
      if (!self->state.known.ended)
        self->state.known.ended = waiting{m.reason, m.message};
      note(self, true, m.reason, m.message);
      turn_to_end(self, self->state.spec.grace);
      sync(self);
    },
    [self](const pod_timer& m) {
      if (m.number == self->state.timer)
        sync(self);
    },
    [self](const probe_due& m) { probe_now(self, m); },
    [self](const contents_due&) {
      follow_contents(self);
      self->after(self->state.with->follow_contents, contents_due{});
    },
    [](const resumed& m) { m.run(); },
  };
}

} // namespace

} // namespace work

worker_actor spawn_worker(const kernel::place& at, std::shared_ptr<const worker_settings> with,
                          std::string uid, bool orphan) {
  return kernel::spawn<worker_actor, work::state>(at, work::worker, std::move(with), std::move(uid),
                                                  orphan);
}

std::string traced_object(const pod_is& m) {
  return "Pod/" + m.of->meta.ns + "/" + m.of->meta.name;
}

std::string traced_object(const happened& m) { return m.kind + "/" + m.ns + "/" + m.name; }

} // namespace troupe::kubelet
