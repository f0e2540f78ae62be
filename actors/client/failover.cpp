#include "actors/client/failover.hpp"

#include "actors/kernel/actor.hpp"

#include <map>

namespace troupe::client {
namespace {

constexpr std::size_t max_streams = 10'000; // remembered; the oldest is forgotten beyond

/// A master and its turn.
struct chosen {
  api_actor server; // null: there is none
  std::size_t turn = 0;
  std::size_t of = 1; // how many there are
};

struct failover_state {
  failover_state() = default;
  api_servers servers;
  std::size_t current = 0;                 // turn of the one that answered last
  std::map<std::uint64_t, chosen> streams; // whose they are
};
using pointer = kernel::self_ptr<api_actor, failover_state>;

bool reads(const api::request& r) {
  return r.verb == api::verb::get || r.verb == api::verb::list || r.verb == api::verb::document;
}

bool elsewhere(const failure& why, bool reading) {
  return why.reason == reason::unavailable || (reading && why.reason == reason::timeout);
}

chosen choose(pointer self) {
  auto all = self->state.servers();
  if (all.empty())
    return {};
  return {all[self->state.current % all.size()], self->state.current, all.size()};
}

void move_on(pointer self, const chosen& from) {
  if (self->state.current == from.turn)
    ++self->state.current;
}

failure nobody_known() { return {.reason = reason::unavailable, .message = "no master is known"}; }

void run(pointer self, std::shared_ptr<const call> what, kernel::promise<called> to,
         std::size_t tries) {
  auto at = choose(self);
  if (!at.server)
    return to.answer(nobody_known());
  self->ask(at.server, *what, call_deadline).then([=](result<called> r) mutable {
    if (r || tries + 1 >= at.of || !elsewhere(r.error(), reads(what->what))) {
      if (!r)
        move_on(self, at);
      return to.answer(std::move(r));
    }
    move_on(self, at);
    run(self, what, to, tries + 1);
  });
}

void open(pointer self, std::shared_ptr<const open_watch> what, kernel::promise<watch_opened> to,
          std::size_t tries) {
  auto at = choose(self);
  if (!at.server)
    return to.answer(nobody_known());
  self->ask(at.server, *what, call_deadline).then([=](result<watch_opened> r) mutable {
    auto& s = self->state;
    if (r) {
      s.streams[r->stream] = at;
      if (s.streams.size() > max_streams)
        s.streams.erase(s.streams.begin());
      return to.answer(std::move(r));
    }
    move_on(self, at);
    if (tries + 1 >= at.of || !elsewhere(r.error(), true))
      return to.answer(std::move(r));
    open(self, what, to, tries + 1);
  });
}

api_actor::behavior_type behave(pointer self, api_servers servers) {
  self->state.servers = std::move(servers);
  return {
    [self](const call& m) -> kernel::reply<called> {
      auto to = self->promise<called>();
      run(self, std::make_shared<const call>(m), to, 0);
      return to;
    },
    [self](const open_watch& m) -> kernel::reply<watch_opened> {
      auto to = self->promise<watch_opened>();
      open(self, std::make_shared<const open_watch>(m), to, 0);
      return to;
    },
    [self](const next_events& m) -> kernel::reply<events> {
      auto to = self->promise<events>();
      auto whose = self->state.streams.find(m.stream);
      if (whose == self->state.streams.end()) {
        to.answer(failure{.reason = reason::gone, .message = "the watch is unknown"});
        return to;
      }
      self->ask(whose->second.server, m, heartbeat + call_deadline)
        .then([self, to, at = whose->second](result<events> r) mutable {
          if (!r)
            move_on(self, at);
          to.answer(std::move(r));
        });
      return to;
    },
    [self](const close_watch& m) {
      auto whose = self->state.streams.extract(m.stream);
      if (whose)
        self->tell(whose.mapped().server, m);
    },
  };
}

} // namespace

api_actor spawn_failover(const kernel::place& at, api_servers servers) {
  return kernel::spawn<api_actor, failover_state>(at, behave, std::move(servers));
}

} // namespace troupe::client
