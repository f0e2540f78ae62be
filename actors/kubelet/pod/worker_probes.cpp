// How a worker probes its containers and runs their hooks.
#include "actors/kubelet/pod/worker_state.hpp"

#include <algorithm>

namespace troupe::kubelet::work {

namespace {

using outcome = std::function<void(bool ok, std::string text)>;

/// Where the pod answers: its own address, or the node's.
std::string address_of(pointer self, const std::string& wanted) {
  const auto& s = self->state;
  if (!wanted.empty())
    return wanted;
  const auto* sandbox = current(s.seen);
  if (sandbox == nullptr || sandbox->ips.empty())
    return s.with->node->address;
  return sandbox->ips.front();
}

void check(pointer self, net_check what, outcome then) {
  auto machine = self->state.with->host;
  auto limit = what.limit;
  kernel::run(
    *self, *self->state.with->probes,
    [machine, what = std::move(what)] { return machine->check(what); }, limit + 5s)
    .then([then = std::move(then)](const result<void>& r) {
      then(r.has_value(), r ? std::string() : r.error().message);
    });
}

struct actor_of_actions {
  pointer self;
  const container& c;
  const std::string& id;
  duration limit;
  outcome then;

  void operator()(const exec_action& a) {
    self->ask(self->state.with->engine, engine::exec{id, a.command, limit}, limit + 10s)
      .then([then = std::move(then)](result<engine::executed> r) {
        if (!r)
          return then(false, r.error().reason == reason::timeout ? "command timed out"
                                                                 : r.error().message);
        then(r->outcome.exit_code == 0, r->outcome.out + r->outcome.err);
      });
  }
  void operator()(const http_action& a) {
    if (a.scheme == "HTTPS")
      return then(false, "HTTPS probes are not supported by this kubelet");
    check(self, {address_of(self, a.host), port_of(c, a.port), true, a.path, a.headers, limit},
          std::move(then));
  }
  void operator()(const tcp_action& a) {
    check(self, {address_of(self, a.host), port_of(c, a.port), false, {}, {}, limit},
          std::move(then));
  }
  void operator()(const grpc_action&) {
    then(false, "gRPC probes are not supported by this kubelet");
  }
  void operator()(const sleep_action& a) {
    auto pause = std::min<duration>(std::chrono::seconds(a.seconds), limit);
    self->after(pause, resumed{[then = std::move(then)] { then(true, {}); }});
  }
};

const container* owner_of(pointer self, const std::string& container_id) {
  const auto& s = self->state;
  auto found = std::find_if(s.seen.containers.begin(), s.seen.containers.end(),
                            [&](const auto& c) { return c.id == container_id; });
  return found == s.seen.containers.end() ? nullptr : s.spec.find(found->name);
}

void probed(pointer self, const std::string& id, probe_kind kind, bool ok,
            const std::string& text) {
  auto& s = self->state;
  const auto* c = owner_of(self, id);
  if (c == nullptr || !s.probes.watches(id, kind))
    return;
  const auto& what = probe_of(*c, kind);
  if (!what)
    return;
  if (!ok)
    note(self, true, "Unhealthy", std::string(to_string(kind)) + " probe failed: " + text, c->name);
  if (s.probes.note(*what, id, kind, ok, s.known)) {
    if (!ok && kind != probe_kind::readiness)
      note(self, false, "Killing",
           "Container " + c->name + " failed "
             + (kind == probe_kind::liveness ? "liveness" : "startup")
             + " probe, will be restarted",
           c->name);
    sync(self);
  }
  self->after(what->period, probe_due{id, static_cast<std::uint8_t>(kind)});
}

} // namespace

void act(pointer self, const container& c, const std::string& container_id, const action& what,
         duration limit, outcome then) {
  std::visit(actor_of_actions{self, c, container_id, limit, std::move(then)}, what);
}

void arrange_probes(pointer self) {
  auto& s = self->state;
  for (const auto& due : s.probes.arrange(s.spec, s.seen, s.known, self->now()))
    self->after(due.in, probe_due{due.container_id, static_cast<std::uint8_t>(due.kind)});
}

void probe_now(pointer self, const probe_due& due) {
  auto& s = self->state;
  auto kind = static_cast<probe_kind>(due.kind);
  const auto* c = owner_of(self, due.container_id);
  if (c == nullptr || s.spec.meta.deleted || !s.probes.watches(due.container_id, kind))
    return;
  const auto& what = probe_of(*c, kind);
  if (!what)
    return;
  act(self, *c, due.container_id, what->act, what->timeout,
      [self, id = due.container_id, kind](bool ok, const std::string& text) {
        probed(self, id, kind, ok, text);
      });
}

} // namespace troupe::kubelet::work
