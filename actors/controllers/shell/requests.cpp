#include "actors/controllers/shell/requests.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::control {
namespace {

using nlohmann::json;

api::request to(const resource& of, api::verb verb, std::string ns, std::string name) {
  api::request r;
  r.verb = verb;
  r.group = of.group;
  r.version = of.version;
  r.resource = of.plural;
  r.ns = std::move(ns);
  r.name = std::move(name);
  return r;
}

api::request of_create(const create& c) {
  auto r = to(c.of, api::verb::create, c.ns, c.subresource.empty() ? std::string{} : c.name);
  r.subresource = c.subresource;
  r.body = c.body;
  return r;
}

/// A merge or strategic patch that names uid and resourceVersion holds only for that very object.
api::request of_patch(const patch& p) {
  auto r = to(p.at.of, api::verb::patch, p.at.ns, p.at.name);
  r.subresource = p.subresource;
  r.patch = p.how;
  auto body = json::parse(p.body);
  if (p.how != api::patch_type::json) {
    if (!p.at.uid.empty())
      body["metadata"]["uid"] = p.at.uid;
    if (p.at.version)
      body["metadata"]["resourceVersion"] = to_string(*p.at.version);
  } else {
    if (p.at.version)
      body.insert(body.begin(), json{{"op", "test"},
                                     {"path", "/metadata/resourceVersion"},
                                     {"value", to_string(*p.at.version)}});
    if (!p.at.uid.empty())
      body.insert(body.begin(),
                  json{{"op", "test"}, {"path", "/metadata/uid"}, {"value", p.at.uid}});
  }
  r.body = body.dump();
  return r;
}

api::request of_replace(const replace& p) {
  auto r = to(p.at.of, api::verb::update, p.at.ns, p.at.name);
  r.subresource = p.subresource;
  auto body = json::parse(p.body);
  if (!p.at.uid.empty())
    body["metadata"]["uid"] = p.at.uid;
  if (p.at.version)
    body["metadata"]["resourceVersion"] = to_string(*p.at.version);
  r.body = body.dump();
  return r;
}

api::request of_remove(const remove& d) {
  auto r = to(d.at.of, api::verb::remove, d.at.ns, d.at.name);
  r.options.propagate = d.propagate;
  r.options.grace = d.grace;
  r.options.precondition_uid = d.at.uid;
  r.options.precondition_version = d.at.version;
  return r;
}

} // namespace

std::optional<api::request> request_of(const action& a) {
  if (const auto* c = std::get_if<create>(&a))
    return of_create(*c);
  if (const auto* p = std::get_if<patch>(&a))
    return of_patch(*p);
  if (const auto* r = std::get_if<replace>(&a))
    return of_replace(*r);
  if (const auto* d = std::get_if<remove>(&a))
    return of_remove(*d);
  if (const auto* all = std::get_if<remove_all>(&a))
    return to(all->of, api::verb::remove_collection, all->ns, "");
  return std::nullopt;
}

std::optional<resource> changes(const action& a) {
  if (const auto* c = std::get_if<create>(&a))
    return c->of;
  if (const auto* p = std::get_if<patch>(&a))
    return p->at.of;
  if (const auto* r = std::get_if<replace>(&a))
    return r->at.of;
  if (const auto* d = std::get_if<remove>(&a))
    return d->at.of;
  return std::nullopt;
}

std::optional<failure> failure_of(const api::response& r) {
  if (r.code < 400)
    return std::nullopt;
  auto status = json::parse(r.body ? *r.body : "{}", nullptr, false);
  auto text = [&](const char* field) {
    return status.is_object() && status.contains(field) && status[field].is_string()
             ? status[field].get<std::string>()
             : std::string{};
  };
  return failure{.reason = reason_of(r.code, text("reason")), .message = text("message")};
}

std::string event_namespace(const emit& e) { return e.about.ns.empty() ? "default" : e.about.ns; }

std::string event_body(const emit& e, std::string_view component, const std::string& name,
                       instant first, instant now, std::int64_t count) {
  json about{{"kind", e.object_kind}, {"apiVersion", e.api_version}, {"name", e.about.name}};
  if (!e.about.ns.empty())
    about["namespace"] = e.about.ns;
  if (!e.about.uid.empty())
    about["uid"] = e.about.uid;
  return json{{"apiVersion", "v1"},
              {"kind", "Event"},
              {"metadata", {{"name", name}, {"namespace", event_namespace(e)}}},
              {"involvedObject", std::move(about)},
              {"reason", e.reason},
              {"message", e.message.substr(0, 1024)},
              {"type", e.what == emit::kind::normal ? "Normal" : "Warning"},
              {"source", {{"component", component}}},
              {"reportingComponent", component},
              {"reportingInstance", ""},
              {"firstTimestamp", api::format_time(first)},
              {"lastTimestamp", api::format_time(now)},
              {"count", count}}
    .dump();
}

const event_book::entry& event_book::note(const emit& e, instant now, random_source& random) {
  auto key = e.about.of.plural + '/' + e.about.ns + '/' + e.about.name + '/' + e.about.uid + '/'
             + e.reason + '/' + e.message;
  auto at = said_.find(key);
  if (at != said_.end() && now - at->second.last > within_) {
    said_.erase(at);
    at = said_.end();
  }
  if (at == said_.end()) {
    if (said_.size() >= most_)
      said_.erase(std::min_element(said_.begin(), said_.end(), [](const auto& a, const auto& b) {
        return a.second.last < b.second.last;
      }));
    constexpr std::string_view digits = "0123456789abcdef";
    auto name = e.about.name.substr(0, 200) + '.';
    for (auto bits = random(); name.size() < e.about.name.substr(0, 200).size() + 17; bits >>= 4)
      name += digits[bits & 15];
    at = said_.emplace(key, entry{.name = std::move(name), .first = now}).first;
  }
  at->second.last = now;
  ++at->second.count;
  return at->second;
}

} // namespace troupe::control
