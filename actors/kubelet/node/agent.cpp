#include "actors/kubelet/node/agent.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/kubelet/requests.hpp"
#include "config/api/peek.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

constexpr auto facts_deadline = 5s;
constexpr auto runtime_deadline = 5s;
constexpr auto lease_deadline = 5s;

struct agent_state {
  agent_state() = default;
  agent_settings with;
  api::user user;
  node_reading reading;
  random_source random{0};
  bool registered = false;
  bool lease_there = false;
  bool was_ready = false;
  bool ready_now = false;
  std::string uid;
  std::string sent; // the status that the API took
  instant sent_at{};
};
using pointer = kernel::self_ptr<agent_actor, agent_state>;

void next_look(pointer self) {
  const auto& s = self->state;
  self->after(s.was_ready ? s.with.update : s.with.hurry, agent_tick{});
}

json parsed(std::string_view text) {
  auto out = json::parse(text, nullptr, false);
  return out.is_discarded() ? json(nullptr) : out;
}

json status_in(const std::string& body) {
  auto raw = api::peek_raw(body, {"status"});
  return raw ? parsed(*raw) : json(nullptr);
}

void report(pointer self) {
  auto& s = self->state;
  auto before = parsed(s.sent);
  auto status = node_status(s.with.node, s.reading, before, self->now());
  auto ready =
    s.reading.problem.empty() && s.reading.health.runtime_ready && s.reading.health.network_ready;
  auto due = self->now() - s.sent_at >= s.with.report;
  if (!due && !differs(before, status))
    return next_look(self);
  json body = {{"status", std::move(status)}};
  auto request = patch_request(s.user, {"", "nodes", {}, s.with.node.name}, "status", body.dump());
  self->ask(s.with.api, client::call{std::move(request)}, client::call_deadline)
    .then([self, ready](const result<client::called>& r) {
      auto& state = self->state;
      auto why = r ? failure_in(r->answer) : std::optional(r.error());
      if (!why && r->answer.body) {
        state.sent = status_in(*r->answer.body).dump();
        state.sent_at = self->now();
        state.was_ready = state.was_ready || ready;
        if (ready != state.ready_now)
          self->tell(state.with.recorder,
                     happened{"Node",
                              {},
                              state.with.node.name,
                              state.uid,
                              {},
                              !ready,
                              ready ? "NodeReady" : "NodeNotReady",
                              "Node " + state.with.node.name
                                + " status is now: " + (ready ? "NodeReady" : "NodeNotReady")});
        state.ready_now = ready;
      } else if (why && why->reason == reason::not_found) {
        state.registered = false; // somebody deleted the node: it comes back
      }
      next_look(self);
    });
}

/// A little less than `period`: nodes that began together do not stay together.
duration spread(pointer self, duration period) {
  auto slack = static_cast<std::uint64_t>(period.count() / 20) + 1;
  return period - duration(static_cast<std::int64_t>(self->state.random.below(slack)));
}

/// Keeps what the API knows of the node; true when it is there.
bool keep(pointer self, const result<client::called>& r) {
  auto& s = self->state;
  if (!r || failure_in(r->answer) || !r->answer.body)
    return false;
  s.registered = true;
  s.uid = api::peek_text(*r->answer.body, {"metadata", "uid"});
  s.sent = status_in(*r->answer.body).dump();
  s.sent_at = {};
  return true;
}

void create_node(pointer self) {
  auto& s = self->state;
  auto body = new_node(s.with.node, s.reading.machine).dump();
  self
    ->ask(s.with.api, client::call{create_request(s.user, {"", "nodes", {}, {}}, std::move(body))},
          client::call_deadline)
    .then([self](const result<client::called>& r) {
      if (keep(self, r)) {
        self->tell(self->state.with.recorder, happened{"Node",
                                                       {},
                                                       self->state.with.node.name,
                                                       self->state.uid,
                                                       {},
                                                       false,
                                                       "Starting",
                                                       "Starting kubelet."});
        report(self);
      } else {
        next_look(self);
      }
    });
}

void register_node(pointer self) {
  auto& s = self->state;
  self
    ->ask(s.with.api, client::call{get_request(s.user, {"", "nodes", {}, s.with.node.name})},
          client::call_deadline)
    .then([self](const result<client::called>& r) {
      if (keep(self, r))
        return report(self);
      auto why = r ? failure_in(r->answer) : std::optional(r.error());
      if (why && why->reason == reason::not_found)
        create_node(self);
      else
        next_look(self);
    });
}

/// What the API has may be another's: the node controller marks a node Unknown that was quiet, and
/// only its kubelet knows better. So each look compares with the API, not with what was sent.
void look_at_api(pointer self) {
  auto& s = self->state;
  self
    ->ask(s.with.api, client::call{get_request(s.user, {"", "nodes", {}, s.with.node.name})},
          client::call_deadline)
    .then([self](const result<client::called>& r) {
      auto why = r ? failure_in(r->answer) : std::optional(r.error());
      if (why && why->reason == reason::not_found) {
        self->state.registered = false; // somebody deleted the node: it comes back
        return create_node(self);
      }
      if (!why && r->answer.body)
        self->state.sent = status_in(*r->answer.body).dump();
      report(self);
    });
}

void looked(pointer self) {
  if (self->state.registered)
    look_at_api(self);
  else
    register_node(self);
}

void look_at_images(pointer self) {
  self->ask(self->state.with.engine, engine::list_images{}, runtime_deadline)
    .then([self](result<engine::images> r) {
      if (r)
        self->state.reading.images = std::move(r->all);
      looked(self);
    });
}

void look_at_runtime(pointer self) {
  self->ask(self->state.with.engine, engine::ask_health{}, runtime_deadline)
    .then([self](result<engine::health> r) {
      auto& reading = self->state.reading;
      reading.problem = r ? std::string() : r.error().message;
      if (!r)
        return looked(self);
      reading.health = std::move(r->is);
      reading.runtime = std::move(r->runtime);
      look_at_images(self);
    });
}

void look(pointer self) {
  auto machine = self->state.with.host;
  kernel::run(
    *self, *self->state.with.files, [machine] { return machine->facts(); }, facts_deadline)
    .then([self](result<machine_facts> r) {
      if (r)
        self->state.reading.machine = std::move(*r);
      look_at_runtime(self);
    });
}

void renew(pointer self) {
  auto& s = self->state;
  auto lease = new_lease(s.with.node, s.uid, s.with.lease_duration, self->now());
  about what{"coordination.k8s.io", "leases", "kube-node-lease", s.with.node.name};
  api::request request;
  if (s.lease_there) {
    json body = {{"spec", lease["spec"]}};
    request = patch_request(s.user, what, {}, body.dump());
  } else {
    request = create_request(s.user, what, lease.dump());
  }
  self->ask(s.with.api, client::call{std::move(request)}, lease_deadline)
    .then([self](const result<client::called>& r) {
      auto& state = self->state;
      auto why = r ? failure_in(r->answer) : std::optional(r.error());
      auto exists = why && why->reason == reason::already_exists;
      if (!why || exists)
        state.lease_there = true;
      else if (why->reason == reason::not_found)
        state.lease_there = false;
      // A renewal that failed is tried again soon; the masters wait for several of them.
      auto wait = exists ? duration(0)
                  : why  ? std::min<duration>(1s, state.with.update)
                         : spread(self, state.with.update);
      self->after(wait, lease_tick{});
    });
}

/// The runtime goes on writing to the renamed file until it is told.
void reopen(pointer self, const std::vector<rotated_log>& logs) {
  if (logs.empty())
    return;
  self->ask(self->state.with.engine, engine::list{}, runtime_deadline)
    .then([self, logs](const result<engine::listed>& r) {
      if (!r)
        return;
      for (const auto& c : r->all.containers) {
        auto ours =
          c.state == runtime::container_state::running
          && std::find(logs.begin(), logs.end(), rotated_log{c.pod_uid, c.name}) != logs.end();
        if (ours)
          self->ask(self->state.with.engine, engine::reopen_log{c.id}, runtime_deadline)
            .then(
              [](const result<kernel::done>&) {}); // it writes to the old file until the next time
      }
    });
}

void rotate_logs(pointer self) {
  const auto& s = self->state;
  auto job = [machine = s.with.host, root = s.with.log_root, bytes = s.with.log_bytes,
              files = s.with.log_files] { return machine->rotate_logs(root, bytes, files); };
  kernel::run(*self, *s.with.files, job, s.with.log_period)
    .then([self](const result<std::vector<rotated_log>>& r) {
      if (r)
        reopen(self, *r);
    });
  self->after(s.with.log_period, log_tick{});
}

agent_actor::behavior_type agent(pointer self, const agent_settings& with) {
  self->state.with = with;
  self->state.user = node_user(with.node.name);
  self->state.random = self->process().random("kubelet/node");
  self->after(0ns, agent_tick{});
  self->after(0ns, lease_tick{});
  if (!with.log_root.empty())
    self->after(with.log_period, log_tick{});
  return {
    [self](const agent_tick&) { look(self); },
    [self](const lease_tick&) {
      if (self->state.registered)
        renew(self);
      else
        self->after(self->state.with.hurry, lease_tick{});
    },
    [self](const log_tick&) { rotate_logs(self); },
  };
}

} // namespace

agent_actor spawn_agent(const kernel::place& at, agent_settings with) {
  return kernel::spawn<agent_actor, agent_state>(at, agent, std::move(with));
}

} // namespace troupe::kubelet
