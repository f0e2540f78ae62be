#include "actors/kubelet/recorder.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/kubelet/requests.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <map>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

/// An Event that the API has, or will have.
struct remembered {
  std::string name;
  std::int64_t count = 0;
  std::uint64_t used = 0; // orders by the last use
  bool created = false;
};

struct recorder_state {
  recorder_state() = default;
  recorder_settings with;
  random_source random{0};
  std::map<std::string, remembered> known; // by all that is the same in repeated events
  std::deque<happened> waiting;
  std::size_t in_flight = 0;
  std::uint64_t clock = 0;
};
using pointer = kernel::self_ptr<recorder_actor, recorder_state>;

std::string key_of(const happened& e) {
  return e.kind + '\0' + e.uid + '\0' + e.field + '\0' + e.reason + '\0' + e.message;
}

std::string digits(std::uint64_t number) {
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(number >> shift) & 15U];
  return out;
}

json body_of(const happened& e, const remembered& r, const std::string& node, instant now) {
  json about = {{"kind", e.kind}, {"name", e.name}, {"uid", e.uid}, {"apiVersion", "v1"}};
  if (!e.ns.empty())
    about["namespace"] = e.ns;
  if (!e.field.empty())
    about["fieldPath"] = e.field;
  auto time = api::format_time(now);
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", r.name}, {"namespace", e.ns.empty() ? "default" : e.ns}}},
          {"involvedObject", std::move(about)},
          {"reason", e.reason},
          {"message", e.message.substr(0, 1024)},
          {"source", {{"component", "kubelet"}, {"host", node}}},
          {"firstTimestamp", time},
          {"lastTimestamp", time},
          {"count", 1},
          {"type", e.warning ? "Warning" : "Normal"},
          {"reportingComponent", "kubelet"},
          {"reportingInstance", node}};
}

void make_room(recorder_state& s) {
  if (s.known.size() < s.with.remembered)
    return;
  auto oldest = std::min_element(s.known.begin(), s.known.end(), [](const auto& a, const auto& b) {
    return a.second.used < b.second.used;
  });
  s.known.erase(oldest);
}

void pump(pointer self);

void send(pointer self, const happened& e) {
  auto& s = self->state;
  auto key = key_of(e);
  auto user = node_user(s.with.node);
  if (!s.known.contains(key))
    make_room(s);
  auto& r = s.known[key];
  r.used = ++s.clock;
  ++r.count;
  auto ns = e.ns.empty() ? std::string("default") : e.ns;
  api::request request;
  if (r.created) {
    json body = {{"count", r.count}, {"lastTimestamp", api::format_time(self->now())}};
    request = patch_request(user, {"", "events", ns, r.name}, {}, body.dump());
  } else {
    r.name = e.name + "." + digits(s.random());
    r.count = 1;
    r.created = true;
    request =
      create_request(user, {"", "events", ns, {}}, body_of(e, r, s.with.node, self->now()).dump());
  }
  ++s.in_flight;
  self->ask(s.with.api, client::call{std::move(request)}, client::call_deadline)
    .then([self, key](const result<client::called>& answer) {
      auto& state = self->state;
      --state.in_flight;
      if (!answer || failure_in(answer->answer))
        state.known.erase(key); // the next of its kind is created anew
      pump(self);
    });
}

void pump(pointer self) {
  auto& s = self->state;
  while (s.in_flight < s.with.in_flight && !s.waiting.empty()) {
    auto next = std::move(s.waiting.front());
    s.waiting.pop_front();
    send(self, next);
  }
}

recorder_actor::behavior_type recorder(pointer self, const recorder_settings& with) {
  self->state.with = with;
  self->state.random = self->process().random("kubelet/events");
  return {
    [self](const happened& m) {
      auto& s = self->state;
      if (s.waiting.size() == s.with.waiting)
        s.waiting.pop_front();
      s.waiting.push_back(m);
      pump(self);
    },
  };
}

} // namespace

recorder_actor spawn_recorder(const kernel::place& at, recorder_settings with) {
  return kernel::spawn<recorder_actor, recorder_state>(at, recorder, std::move(with));
}

} // namespace troupe::kubelet
