#include "actors/kubelet/engine/engine.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/kernel/trace.hpp"

#include <map>
#include <set>

namespace troupe::engine {

namespace {

constexpr auto list_deadline = 5s;

struct engine_state {
  engine_state() = default;
  std::shared_ptr<runtime::driver> driver;
  listener_actor listener;
  std::map<std::string, std::string> pods;   // uid by the id of a sandbox or container
  std::map<std::string, std::string> prints; // by uid: what the last list showed of that pod
  bool listing = false;
  bool lost = false; // something happened that nobody can name: list once more
};
using pointer = kernel::self_ptr<engine_actor, engine_state>;

/// What a driver's reply becomes: the answer to the question at hand, given on any thread.
template <class T, class A, class Make>
runtime::reply<T> answer_with(kernel::promise<A> later, Make make) {
  return [later = std::move(later), make](result<T> r) mutable {
    if (r)
      later.answer(make(std::move(*r)));
    else
      later.answer(std::move(r).error());
  };
}

runtime::reply<std::string> to_made(kernel::promise<made> later) {
  return answer_with<std::string>(std::move(later),
                                  [](std::string id) { return made{std::move(id)}; });
}

runtime::reply<void> to_done(kernel::promise<kernel::done> later) {
  return [later = std::move(later)](result<void> r) mutable {
    later.answer(r ? result<kernel::done>(kernel::done{}) : std::move(r).error());
  };
}

runtime::reply<std::string> to_address(kernel::promise<stream_at> later) {
  return answer_with<std::string>(std::move(later),
                                  [](std::string url) { return stream_at{std::move(url)}; });
}

runtime::driver::streams streams_of(const stream_kinds& which) {
  return {.in = which.in, .out = which.out, .err = which.err, .tty = which.tty};
}

/// What a list shows of each pod, as text that differs when anything of it does.
std::map<std::string, std::string> prints_of(const runtime::inventory& all) {
  std::map<std::string, std::string> out;
  for (const auto& s : all.sandboxes)
    out[s.pod.uid] += s.id + (s.state == runtime::sandbox_state::ready ? "+" : "-");
  for (const auto& c : all.containers)
    out[c.pod_uid] += c.id + static_cast<char>('0' + static_cast<int>(c.state));
  return out;
}

void report(pointer self, const std::string& uid) {
  self->tell(self->state.listener, pod_changed{uid});
}

void compare(pointer self, const runtime::inventory& all) {
  auto& state = self->state;
  state.pods.clear();
  for (const auto& s : all.sandboxes)
    state.pods[s.id] = s.pod.uid;
  for (const auto& c : all.containers)
    state.pods[c.id] = c.pod_uid;
  auto now = prints_of(all);
  std::set<std::string> changed;
  for (const auto& [uid, print] : now)
    if (auto old = state.prints.find(uid); old == state.prints.end() || old->second != print)
      changed.insert(uid);
  for (const auto& [uid, print] : state.prints)
    if (!now.contains(uid))
      changed.insert(uid);
  state.prints = std::move(now);
  for (const auto& uid : changed)
    report(self, uid);
}

void list_now(pointer self) {
  auto& state = self->state;
  if (state.listing) {
    state.lost = true;
    return;
  }
  state.listing = true;
  engine_actor me = self;
  self->ask(me, list{}, list_deadline).then([self](result<listed> r) {
    self->state.listing = false;
    if (r)
      compare(self, r->all);
    if (std::exchange(self->state.lost, false))
      list_now(self);
  });
}

void note_change(pointer self, const runtime::change& change) {
  auto found = self->state.pods.find(change.id);
  if (found != self->state.pods.end())
    report(self, found->second);
  else
    list_now(self);
}

actor_time time_of(pointer self) {
  return {
    .now = [self] { return self->now(); },
    .after = [self](duration delay,
                    std::function<void()> f) { self->after(delay, driver_timer{std::move(f)}); }};
}

/// Version and status, one after the other.
void answer_health(runtime::driver& driver, kernel::promise<health> later) {
  driver.version([&driver, later](result<runtime::about> about) mutable {
    if (!about) {
      later.answer(std::move(about).error());
      return;
    }
    driver.status(answer_with<runtime::health>(later, [about = *about](runtime::health is) {
      return health{std::move(is), about};
    }));
  });
}

engine_actor::behavior_type engine(pointer self, const driver_source& source) {
  self->state.driver = source(time_of(self));
  self->state.driver->watch(
    [me = caf::actor_cast<engine_actor>(self)](const runtime::change& change) {
      kernel::tell(me, driver_reports{change});
    });
  self->after(0ns, relist{});
  return {
    [self](const run_sandbox& m) -> kernel::reply<made> {
      auto later = self->promise<made>();
      self->state.driver->run_sandbox(m.config, to_made(later));
      return later;
    },
    [self](const stop_sandbox& m) -> kernel::reply<kernel::done> {
      auto later = self->promise<kernel::done>();
      self->state.driver->stop_sandbox(m.id, to_done(later));
      return later;
    },
    [self](const remove_sandbox& m) -> kernel::reply<kernel::done> {
      auto later = self->promise<kernel::done>();
      self->state.driver->remove_sandbox(m.id, to_done(later));
      return later;
    },
    [self](const create_container& m) -> kernel::reply<made> {
      auto later = self->promise<made>();
      self->state.driver->create_container(m.sandbox_id, m.config, m.sandbox, to_made(later));
      return later;
    },
    [self](const start_container& m) -> kernel::reply<kernel::done> {
      auto later = self->promise<kernel::done>();
      self->state.driver->start_container(m.id, to_done(later));
      return later;
    },
    [self](const stop_container& m) -> kernel::reply<kernel::done> {
      auto later = self->promise<kernel::done>();
      self->state.driver->stop_container(m.id, m.grace, to_done(later));
      return later;
    },
    [self](const remove_container& m) -> kernel::reply<kernel::done> {
      auto later = self->promise<kernel::done>();
      self->state.driver->remove_container(m.id, to_done(later));
      return later;
    },
    [self](const reopen_log& m) -> kernel::reply<kernel::done> {
      auto later = self->promise<kernel::done>();
      self->state.driver->reopen_log(m.id, to_done(later));
      return later;
    },
    [self](const inspect& m) -> kernel::reply<inspected> {
      auto later = self->promise<inspected>();
      self->state.driver->inspect(
        m.pod_uid, answer_with<runtime::pod_state>(
                     later, [](runtime::pod_state state) { return inspected{std::move(state)}; }));
      return later;
    },
    [self](const list&) -> kernel::reply<listed> {
      auto later = self->promise<listed>();
      self->state.driver->list(answer_with<runtime::inventory>(
        later, [](runtime::inventory all) { return listed{std::move(all)}; }));
      return later;
    },
    [self](const find_image& m) -> kernel::reply<found_image> {
      auto later = self->promise<found_image>();
      self->state.driver->image_status(m.name,
                                       answer_with<runtime::image>(later, [](runtime::image image) {
                                         return found_image{std::move(image)};
                                       }));
      return later;
    },
    [self](const pull_image& m) -> kernel::reply<made> {
      auto later = self->promise<made>();
      self->state.driver->pull(m.name, m.auth, to_made(later));
      return later;
    },
    [self](const list_images&) -> kernel::reply<images> {
      auto later = self->promise<images>();
      self->state.driver->list_images(answer_with<std::vector<runtime::image>>(
        later, [](std::vector<runtime::image> all) { return images{std::move(all)}; }));
      return later;
    },
    [self](const exec& m) -> kernel::reply<executed> {
      auto later = self->promise<executed>();
      self->state.driver->exec(
        m.container_id, m.command, m.limit,
        answer_with<runtime::exec_outcome>(
          later, [](runtime::exec_outcome outcome) { return executed{std::move(outcome)}; }));
      return later;
    },
    [self](const open_exec& m) -> kernel::reply<stream_at> {
      auto later = self->promise<stream_at>();
      self->state.driver->exec_stream(m.container_id, m.command, streams_of(m.which),
                                      to_address(later));
      return later;
    },
    [self](const open_attach& m) -> kernel::reply<stream_at> {
      auto later = self->promise<stream_at>();
      self->state.driver->attach_stream(m.container_id, streams_of(m.which), to_address(later));
      return later;
    },
    [self](const open_ports& m) -> kernel::reply<stream_at> {
      auto later = self->promise<stream_at>();
      self->state.driver->port_stream(m.sandbox_id, m.ports, to_address(later));
      return later;
    },
    [self](const ask_health&) -> kernel::reply<health> {
      auto later = self->promise<health>();
      answer_health(*self->state.driver, later);
      return later;
    },
    [self](const ask_usage&) -> kernel::reply<usages> {
      auto later = self->promise<usages>();
      self->state.driver->stats(answer_with<std::vector<runtime::usage>>(
        later, [](std::vector<runtime::usage> all) { return usages{std::move(all)}; }));
      return later;
    },
    [self](const listen& m) {
      if (self->state.listener != m.who) { // whatever has happened since somebody listened
        self->state.listener = m.who;
        report(self, {});
      }
    },
    [self](const driver_reports& m) { note_change(self, m.change); },
    [](const driver_timer& m) { m.run(); },
    [self](const relist&) {
      list_now(self);
      self->after(self->state.driver->relist_period(), relist{});
    },
  };
}

} // namespace

engine_actor spawn_engine(const kernel::place& at, driver_source source) {
  return kernel::spawn<engine_actor, engine_state>(at, engine, std::move(source));
}

} // namespace troupe::engine
