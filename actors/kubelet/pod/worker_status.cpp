// What a worker tells the API, and what it asks it for.
#include "actors/kubelet/pod/base64.hpp"
#include "actors/kubelet/pod/status.hpp"
#include "actors/kubelet/pod/volumes.hpp"
#include "actors/kubelet/pod/worker_state.hpp"
#include "actors/kubelet/requests.hpp"
#include "config/api/peek.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::kubelet::work {

namespace {

using json = nlohmann::json;

constexpr auto file_deadline = 30s;
constexpr const char* optional_fields[] = {
  "reason",           "message", "podIP",     "podIPs",
  "hostIP",           "hostIPs", "startTime", "initContainerStatuses",
  "containerStatuses"};

json parsed(std::string_view text) {
  auto out = json::parse(text, nullptr, false);
  return out.is_discarded() ? json(nullptr) : out;
}

/// What was told last, though the API may not have it yet.
const std::string& last_words(const state& s) {
  return !s.to_tell.empty() ? s.to_tell : s.telling ? s.under_way : s.told;
}

/// The object that is known has all that was told, or was changed by others since.
bool caught_up(const state& s) {
  return !s.telling && s.to_tell.empty() && s.object->meta.version >= s.told_at;
}

json status_of_object(const state& s) {
  auto raw = api::peek_raw(*s.object->body, {"status"});
  return raw ? parsed(*raw) : json(nullptr);
}

/// The status as the API has it, with our own last words in place of what it may not show yet.
json status_before(const state& s) {
  auto theirs = status_of_object(s);
  if (last_words(s).empty() || caught_up(s))
    return theirs;
  auto ours = parsed(last_words(s));
  if (theirs.is_object() && theirs.contains("conditions"))
    for (const auto& condition : theirs["conditions"]) {
      auto type = condition.value("type", std::string());
      auto known = false;
      for (auto& mine : ours["conditions"])
        if (mine.value("type", std::string()) == type) {
          known = true;
          if (type == "PodScheduled")
            mine = condition;
        }
      if (!known)
        ours["conditions"].push_back(condition);
    }
  return ours;
}

/// Others have changed what only we know: the node controller, while it could not see us.
bool contradicted(const state& s, const json& ours) {
  if (!caught_up(s))
    return false;
  auto theirs = status_of_object(s);
  if (!theirs.is_object() || !theirs.contains("conditions"))
    return true;
  auto same = [](const json& a, const json& b, const char* field) {
    return a.value(field, std::string()) == b.value(field, std::string());
  };
  const auto& shown = theirs["conditions"];
  return !same(theirs, ours, "phase")
         || !std::all_of(ours["conditions"].begin(), ours["conditions"].end(),
                         [&](const json& mine) {
                           return std::any_of(shown.begin(), shown.end(), [&](const json& c) {
                             return same(c, mine, "type") && same(c, mine, "status");
                           });
                         });
}

void send(pointer self);

void told(pointer self, const std::string& text, const result<client::called>& r) {
  auto& s = self->state;
  s.telling = false;
  auto why = r ? failure_in(r->answer) : std::optional(r.error());
  if (!why) {
    s.told = text;
    s.told_at = r->answer.version;
  } else if (why->reason == reason::not_found || why->reason == reason::conflict) {
    s.to_tell.clear(); // it is gone, or another one: the watch will say
  } else if (s.to_tell.empty()) {
    self->after(1s, look_again{});
  }
  if (!s.to_tell.empty())
    return send(self);
  if (s.after_told)
    std::exchange(s.after_told, nullptr)();
}

void send(pointer self) {
  auto& s = self->state;
  s.telling = true;
  auto text = s.under_way = std::exchange(s.to_tell, {});
  auto status = json::parse(text);
  for (const auto* field : optional_fields)
    if (!status.contains(field))
      status[field] = nullptr; // a merge patch keeps what it does not name
  json body = {{"metadata", {{"uid", s.uid}}}, {"status", std::move(status)}};
  auto request =
    patch_request(node_user(s.with->node->name), {"", "pods", s.spec.meta.ns, s.spec.meta.name},
                  "status", body.dump());
  self->ask(s.with->api, client::call{std::move(request)}, client::call_deadline)
    .then([self, text](const result<client::called>& r) { told(self, text, r); });
}

/// The keys of a ConfigMap or Secret as bytes.
std::map<std::string, std::string> keys_of(bool secret, const api::response& answer) {
  std::map<std::string, std::string> out;
  if (!answer.body)
    return out;
  auto object = parsed(*answer.body);
  if (!object.is_object())
    return out;
  auto take = [&](const char* field, bool encoded) {
    if (object.contains(field) && object[field].is_object())
      for (const auto& [key, value] : object[field].items())
        if (value.is_string())
          out[key] = encoded ? from_base64(value.get<std::string>()) : value.get<std::string>();
  };
  take("data", secret);
  take("binaryData", true);
  return out;
}

} // namespace

void tell_status(pointer self, const plan& next) {
  auto& s = self->state;
  auto status =
    status_of(s.spec, s.seen, s.known, next, {s.with->node->address, s.with->runtime_name},
              status_before(s), self->now());
  auto text = status.dump();
  if (text == last_words(s) && !contradicted(s, status))
    return;
  s.to_tell = std::move(text);
  if (!s.telling)
    send(self);
}

void note(pointer self, bool warning, std::string reason, std::string message,
          const std::string& container_name) {
  const auto& s = self->state;
  if (!s.object)
    return;
  self->tell(
    s.with->recorder,
    happened{"Pod", s.spec.meta.ns, s.spec.meta.name, s.uid,
             container_name.empty() ? std::string() : "spec.containers{" + container_name + "}",
             warning, std::move(reason), std::move(message)});
}

void fetch_references(pointer self, std::function<void(result<void>)> then) {
  auto& s = self->state;
  auto wanted = needed(s.spec);
  if (wanted.empty())
    return then({});
  auto open = std::make_shared<std::size_t>(wanted.size());
  auto fresh = std::make_shared<references>();
  auto why = std::make_shared<std::optional<failure>>();
  for (const auto& ref : wanted) {
    auto request =
      get_request(node_user(s.with->node->name),
                  {"", ref.secret ? "secrets" : "configmaps", s.spec.meta.ns, ref.name});
    self->ask(s.with->api, client::call{std::move(request)}, client::call_deadline)
      .then([self, ref, open, fresh, why, then](const result<client::called>& r) {
        auto failed = r ? failure_in(r->answer) : std::optional(r.error());
        if (!failed)
          (*fresh)[ref] = keys_of(ref.secret, r->answer);
        else if (failed->reason != reason::not_found)
          *why = std::move(failed);
        if (--*open != 0)
          return;
        if (*why)
          return then(std::move(**why));
        self->state.known_refs = std::move(*fresh);
        then({});
      });
  }
}

void follow_contents(pointer self) {
  auto& s = self->state;
  const auto* sandbox = current(s.seen);
  if (s.busy || s.gone || !s.object || sandbox == nullptr || s.seen.containers.empty())
    return;
  auto before = contents_of(s.spec, *s.with->node, s.known_refs, sandbox->ips);
  fetch_references(self, [self, before, ips = sandbox->ips](const result<void>& r) {
    auto& state = self->state;
    if (!r)
      return;
    auto now = contents_of(state.spec, *state.with->node, state.known_refs, ips);
    if (!now || (before && *before == *now))
      return;
    auto machine = state.with->host;
    preparation what;
    what.contents = std::move(*now);
    kernel::run(
      *self, *state.with->files, [machine, what] { return machine->prepare(what); }, file_deadline)
      .then([](const result<void>&) {}); // the next round tries again what failed
  });
}

} // namespace troupe::kubelet::work
