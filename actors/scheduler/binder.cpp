#include "actors/controllers/shell/requests.hpp"
#include "actors/kernel/actor.hpp"
#include "actors/scheduler/scheduler.hpp"

#include <nlohmann/json.hpp>

#include <deque>

namespace troupe::scheduler {
namespace {

using nlohmann::json;
namespace of = control::of;

constexpr duration decide_deadline = 10s;
constexpr duration retry_after = 100ms;
constexpr std::size_t most_events = 64;        // under way
constexpr std::size_t waiting_events = 20'000; // what is said beyond them is not recorded
constexpr std::size_t most_refused = 10'000;   // remembered; beyond it all are forgotten

struct binder_state {
  binder_state() : random(0) {}
  binder_settings with;
  std::size_t under_way = 0;
  bool asking = false;
  control::event_book book{4096};
  random_source random;
  std::deque<control::emit> said;
  std::size_t events = 0;
  std::map<std::string, std::string> refused; // what the pod's status says already, by uid
};
using pointer = kernel::self_ptr<binder_actor, binder_state>;

void ask_for_more(pointer self);

api::request signed_by(pointer self, const control::action& a) {
  auto r = *control::request_of(a);
  r.from = self->state.with.user;
  r.fence = self->fence();
  return r;
}

control::target pod_of(const pod_ref& p) {
  return {.of = of::pods, .ns = p.ns, .name = p.name, .uid = p.uid};
}

// -- events: told when there is room, never before bindings ------------------------

void tell_events(pointer self) {
  auto& s = self->state;
  static const control::resource events{"", "v1", "events"};
  while (s.events < most_events && !s.said.empty()) {
    auto e = std::move(s.said.front());
    s.said.pop_front();
    const auto& said = s.book.note(e, self->now(), s.random);
    control::action a = control::create{
      .of = events,
      .ns = control::event_namespace(e),
      .name = said.name,
      .body = control::event_body(e, s.with.name, said.name, said.first, self->now(), said.count)};
    if (said.count > 1)
      a = control::patch{
        .at = {.of = events, .ns = control::event_namespace(e), .name = said.name},
        .body =
          json{{"count", said.count}, {"lastTimestamp", api::format_time(self->now())}}.dump()};
    ++s.events;
    self->ask(s.with.api, client::call{signed_by(self, a)}, client::call_deadline)
      .then([self](const result<client::called>&) {
        --self->state.events;
        tell_events(self);
      });
  }
}

void say(pointer self, const pod_ref& p, control::emit::kind what, std::string why,
         std::string message) {
  auto& s = self->state;
  if (s.said.size() >= waiting_events)
    return;
  s.said.push_back({.about = pod_of(p),
                    .api_version = "v1",
                    .object_kind = "Pod",
                    .what = what,
                    .reason = std::move(why),
                    .message = std::move(message)});
  tell_events(self);
}

// -- performing -------------------------------------------------------------------

void bind(pointer self, const decision& d) {
  auto& s = self->state;
  json body{{"apiVersion", "v1"},
            {"kind", "Binding"},
            {"metadata", {{"name", d.pod.name}, {"namespace", d.pod.ns}, {"uid", d.pod.uid}}},
            {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", d.node}}}};
  control::create order{.of = of::pods,
                        .ns = d.pod.ns,
                        .name = d.pod.name,
                        .body = body.dump(),
                        .subresource = "binding"};
  ++s.under_way;
  self->ask(s.with.api, client::call{signed_by(self, order)}, client::call_deadline)
    .then([self, pod = d.pod, node = d.node](const result<client::called>& r) {
      auto& h = self->state;
      --h.under_way;
      auto failed = r ? control::failure_of(r->answer) : std::optional{r.error()};
      if (failed)
        self->tell(h.with.scheduler, unbound{{pod.uid}});
      else
        say(self, pod, control::emit::kind::normal, "Scheduled",
            "Successfully assigned " + pod.ns + "/" + pod.name + " to " + node);
      h.refused.erase(pod.uid);
      ask_for_more(self);
    });
}

void perform_only(pointer self, const control::action& a) {
  ++self->state.under_way;
  self->ask(self->state.with.api, client::call{signed_by(self, a)}, client::call_deadline)
    .then([self](const result<client::called>&) {
      --self->state.under_way;
      ask_for_more(self);
    });
}

/// Says in the pod's status why it waits, once for each reason.
void tell_status(pointer self, const decision& d) {
  auto& s = self->state;
  if (s.refused.size() >= most_refused)
    s.refused.clear();
  auto [known, fresh] = s.refused.try_emplace(d.pod.uid);
  if (known->second == d.message && d.nominated.empty())
    return;
  known->second = d.message;
  json condition{{"type", "PodScheduled"},
                 {"status", "False"},
                 {"reason", "Unschedulable"},
                 {"message", d.message}};
  if (fresh)
    condition["lastTransitionTime"] = api::format_time(self->now());
  json status{{"conditions", json::array({std::move(condition)})}};
  if (!d.nominated.empty())
    status["nominatedNodeName"] = d.nominated;
  perform_only(self, control::patch{.at = pod_of(d.pod),
                                    .body = json{{"status", std::move(status)}}.dump(),
                                    .subresource = "status",
                                    .how = api::patch_type::strategic});
}

/// It has to wait; others may have to make room.
void refuse(pointer self, const decision& d) {
  tell_status(self, d);
  for (const auto& v : d.victims) {
    perform_only(self, control::remove{.at = pod_of(v)});
    say(self, v, control::emit::kind::normal, "Preempted",
        "Preempted by pod " + d.pod.uid + " on node " + d.nominated);
  }
  say(self, d.pod, control::emit::kind::warning, "FailedScheduling", d.message);
}

void ask_for_more(pointer self) {
  auto& s = self->state;
  if (s.asking || s.under_way + s.with.batch > s.with.binds_at_once || !self->fence())
    return;
  s.asking = true;
  self->ask(s.with.scheduler, decide{s.with.batch}, decide_deadline)
    .then([self](const result<decided>& r) {
      self->state.asking = false;
      if (!r) {
        self->after(retry_after, proceed{});
        return;
      }
      for (const auto& d : r->all)
        d.node.empty() ? refuse(self, d) : bind(self, d);
      ask_for_more(self);
    });
}

void start(pointer self) {
  self->state.asking = true;
  self->ask(self->state.with.scheduler, begin{}, decide_deadline)
    .then([self](const result<kernel::done>& r) {
      self->state.asking = false;
      if (r)
        ask_for_more(self);
      else
        start(self);
    });
}

binder_actor::behavior_type behave(pointer self, binder_settings with) {
  self->state.with = std::move(with);
  self->state.random = self->process().random("scheduler/events");
  start(self);
  return {[self](const proceed&) { ask_for_more(self); }};
}

} // namespace

binder_actor spawn_binder(const kernel::place& at, binder_settings with) {
  return kernel::spawn<binder_actor, binder_state>(at, behave, std::move(with));
}

} // namespace troupe::scheduler
