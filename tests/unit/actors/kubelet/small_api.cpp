#include "tests/unit/actors/kubelet/small_api.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::kubelet::testing {

namespace {

using json = nlohmann::json;

std::string key_of(const std::string& resource, const json& object) {
  const auto& meta = object["metadata"];
  return resource + "/" + meta.value("namespace", "") + "/" + meta.value("name", "");
}

api::object_ptr object_of(const json& tree) {
  auto version = static_cast<revision>(std::stoull(tree["metadata"].value("resourceVersion", "1")));
  auto parsed = api::parse_object(share(api::encode(tree)), version);
  return std::make_shared<const api::object>(std::move(parsed).value());
}

api::response answer(int code, const json& body) {
  api::response out;
  out.code = code;
  out.body = share(body.dump());
  if (body.contains("metadata"))
    out.version =
      static_cast<revision>(std::stoull(body["metadata"].value("resourceVersion", "0")));
  return out;
}

api::response refused(int code, const char* reason) {
  return answer(code,
                {{"kind", "Status"}, {"reason", reason}, {"message", reason}, {"code", code}});
}

const char* verb_name(api::verb v) {
  return v == api::verb::get      ? "get"
         : v == api::verb::create ? "create"
         : v == api::verb::patch  ? "patch"
         : v == api::verb::remove ? "delete"
                                  : "other";
}

} // namespace

void small_api::put(const std::string& resource, json object) {
  auto& meta = object["metadata"];
  if (!meta.contains("uid"))
    meta["uid"] = "uid-" + meta.value("name", "");
  meta["resourceVersion"] = std::to_string(++version);
  auto key = key_of(resource, object);
  auto fresh = !objects.contains(key);
  objects[key] = object;
  if (fresh && resource == "events")
    event_order_.push_back(key);
  publish(resource, fresh ? api::event::kind::added : api::event::kind::modified, object);
}

void small_api::erase(const std::string& key) {
  auto found = objects.find(key);
  if (found == objects.end())
    return;
  auto object = found->second;
  objects.erase(found);
  object["metadata"]["resourceVersion"] = std::to_string(++version);
  publish(key.substr(0, key.find('/')), api::event::kind::deleted, object);
}

void small_api::remove_pod(const std::string& name, std::int64_t grace, instant now) {
  auto object = objects.at("pods/default/" + name);
  object["metadata"]["deletionTimestamp"] = api::format_time(now + std::chrono::seconds(grace));
  object["metadata"]["deletionGracePeriodSeconds"] = grace;
  put("pods", std::move(object));
}

api::response small_api::serve(const api::request& asked, instant now) {
  ++requests[std::string(verb_name(asked.verb)) + " " + asked.resource
             + (asked.subresource.empty() ? "" : "/" + asked.subresource)];
  auto key = asked.resource + "/" + asked.ns + "/" + asked.name;
  if (asked.verb == api::verb::create) {
    auto object = json::parse(asked.body);
    if (!asked.ns.empty())
      object["metadata"]["namespace"] = asked.ns;
    if (objects.contains(key_of(asked.resource, object)))
      return refused(409, "AlreadyExists");
    object["metadata"]["creationTimestamp"] = api::format_time(now);
    auto made = key_of(asked.resource, object);
    put(asked.resource, std::move(object));
    return answer(201, objects.at(made));
  }
  auto found = objects.find(key);
  if (found == objects.end())
    return refused(404, "NotFound");
  switch (asked.verb) {
  case api::verb::get: return answer(200, found->second);
  case api::verb::patch: {
    auto patch = json::parse(asked.body);
    if (patch.contains("metadata") && patch["metadata"].contains("uid")
        && patch["metadata"]["uid"] != found->second["metadata"]["uid"])
      return refused(409, "Conflict");
    auto object = found->second;
    object.merge_patch(patch);
    if (object != found->second)
      put(asked.resource, std::move(object));
    return answer(200, objects.at(key));
  }
  case api::verb::remove: {
    auto old = found->second;
    if (old["metadata"].value("uid", "") != asked.options.precondition_uid)
      return refused(409, "Conflict");
    erase(key);
    return answer(200, old);
  }
  default: return refused(405, "MethodNotAllowed");
  }
}

void small_api::publish(const std::string& resource, api::event::kind what, const json& object) {
  on_change();
  if (resource != "pods" && resource != "services")
    return;
  auto news = std::make_shared<client::informed::news>();
  news->resource = resource;
  news->events.push_back({what, object_of(object), {}});
  news->upto = static_cast<revision>(version);
  for (const auto& to : subscribers)
    kernel::tell(to, client::informed{news});
}

void small_api::tell_all(const std::string& resource, const client::informed_actor& to) const {
  auto news = std::make_shared<client::informed::news>();
  news->resource = resource;
  news->whole = true;
  for (const auto& [key, object] : objects)
    if (key.starts_with(resource + "/"))
      news->events.push_back({api::event::kind::added, object_of(object), {}});
  news->upto = static_cast<revision>(version);
  kernel::tell(to, client::informed{news});
}

const json* small_api::find(const std::string& key) const {
  auto found = objects.find(key);
  return found == objects.end() ? nullptr : &found->second;
}

json small_api::status(const std::string& pod) const {
  const auto* object = find("pods/default/" + pod);
  return object == nullptr ? json(nullptr) : object->value("status", json::object());
}

std::vector<std::string> small_api::events() const {
  std::vector<std::string> out;
  for (const auto& key : event_order_)
    if (const auto* event = find(key))
      out.push_back(event->value("reason", ""));
  return out;
}

client::api_actor spawn_api(const kernel::place& at, std::shared_ptr<small_api> state) {
  return kernel::spawn<client::api_actor, kernel::stateless>(
    at, [state](kernel::self_ptr<client::api_actor, kernel::stateless> self) {
      return client::api_actor::behavior_type{
        [self, state](const client::call& m) -> kernel::reply<client::called> {
          return client::called{state->serve(m.what, self->now())};
        },
        [](const client::open_watch&) -> kernel::reply<client::watch_opened> {
          return client::watch_opened{};
        },
        [](const client::next_events&) -> kernel::reply<client::events> {
          return client::events{};
        },
        [](const client::close_watch&) {},
      };
    });
}

client::informer_actor spawn_informer(const kernel::place& at, std::shared_ptr<small_api> state,
                                      std::string resource) {
  return kernel::spawn<client::informer_actor, kernel::stateless>(
    at, [state, resource](kernel::self_ptr<client::informer_actor, kernel::stateless>) {
      return client::informer_actor::behavior_type{
        [state, resource](const client::inform& m) {
          if (raw(m.told) != 0)
            return;
          if (std::find(state->subscribers.begin(), state->subscribers.end(), m.who)
              == state->subscribers.end())
            state->subscribers.push_back(m.who);
          state->tell_all(resource, m.who);
        },
      };
    });
}

} // namespace troupe::kubelet::testing
