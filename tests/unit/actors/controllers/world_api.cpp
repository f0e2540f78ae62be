#include "tests/unit/actors/controllers/world_api.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::control::testing {
namespace {

using nlohmann::json;

struct show {
  using local_only = void;
  std::vector<client::informed> news;
};
using api_interface = client::api_actor::extend<proto::tell<show>>;
struct api_state {
  api_state() = default;
};

api::response status(const failure& f) {
  api::response out;
  out.code = http_code(f.reason);
  out.body = share(
    json{{"kind", "Status"}, {"reason", status_reason(f.reason)}, {"message", f.message}}.dump());
  return out;
}

target target_of(const api::request& r, const json& body = json::object()) {
  target t{.of = {r.group, r.version, r.resource}, .ns = r.ns, .name = r.name};
  auto meta = body.is_object() ? body.value("metadata", json::object()) : json::object();
  t.uid = meta.value("uid", r.options.precondition_uid);
  if (meta.contains("resourceVersion"))
    t.version = revision{std::stoull(meta["resourceVersion"].get<std::string>())};
  if (r.options.precondition_version)
    t.version = r.options.precondition_version;
  return t;
}

std::optional<action> action_of(const api::request& r) {
  auto body = r.body.empty() ? json{} : json::parse(r.body);
  switch (r.verb) {
  case api::verb::create:
    return create{.of = {r.group, r.version, r.resource},
                  .ns = r.ns,
                  .name = body["metadata"].value("name", ""),
                  .body = r.body};
  case api::verb::patch: {
    auto at = target_of(r, body);
    if (body.is_object() && body.contains("metadata")) {
      body["metadata"].erase("uid");
      body["metadata"].erase("resourceVersion");
    }
    return patch{.at = at, .body = body.dump(), .subresource = r.subresource, .how = r.patch};
  }
  case api::verb::remove:
    return remove{.at = target_of(r), .propagate = r.options.propagate, .grace = r.options.grace};
  default: return std::nullopt;
  }
}

client::informed news(const resource& of, std::vector<api::event> events, bool whole) {
  client::informed::news n{.group = of.group, .resource = of.plural, .whole = whole};
  for (const auto& e : events)
    n.upto = std::max(n.upto, e.of->meta.version);
  n.events = std::move(events);
  return {std::make_shared<const client::informed::news>(std::move(n))};
}

} // namespace

api::response world_api::serve(const api::request& r) {
  if (refuse)
    if (auto failed = refuse(r))
      return status(*failed);
  api::response out;
  resource of{r.group, r.version, r.resource};
  if (r.verb == api::verb::list) {
    ++lists;
    json items = json::array();
    for (const auto& o : world.list(of, r.ns))
      items.push_back({{"metadata", {{"name", o.meta.name}, {"uid", o.meta.uid}}}});
    out.body = share(json{{"items", items}}.dump());
    return out;
  }
  auto a = action_of(r);
  if (!a)
    return status({.reason = reason::bad_request, .message = "not in this world"});
  if (auto failed = world.perform({*a}))
    return status(*failed);
  out.version = world.last();
  return out;
}

std::vector<client::informed> world_api::changes() {
  std::map<resource, std::vector<api::event>> by_kind;
  std::set<std::string> there;
  world.each([&](const resource& of, const api::object& o) {
    there.insert(o.meta.uid);
    auto& last = noticed[o.meta.uid];
    if (last.second && last.second->meta.version == o.meta.version)
      return;
    auto what = last.second ? api::event::kind::modified : api::event::kind::added;
    last = {of, std::make_shared<const api::object>(o)};
    by_kind[of].push_back({.what = what, .of = last.second, .why = {}});
  });
  for (auto at = noticed.begin(); at != noticed.end();) {
    if (there.contains(at->first)) {
      ++at;
      continue;
    }
    auto gone = std::make_shared<api::object>(*at->second.second);
    gone->meta.version = world.last();
    by_kind[at->second.first].push_back({.what = api::event::kind::deleted, .of = gone, .why = {}});
    at = noticed.erase(at);
  }
  std::vector<client::informed> out;
  for (auto& [of, events] : by_kind)
    out.push_back(news(of, std::move(events), false));
  return out;
}

client::informed world_api::whole(const resource& of) {
  std::vector<api::event> all;
  for (const auto& [uid, o] : published)
    if (o.first == of)
      all.push_back({.what = api::event::kind::added, .of = o.second, .why = {}});
  return news(of, std::move(all), true);
}

void world_api::show(const std::vector<client::informed>& all) {
  for (const auto& n : all) {
    for (const auto& e : n.what->events)
      if (e.what == api::event::kind::deleted)
        published.erase(e.of->meta.uid);
      else
        published[e.of->meta.uid] =
          noticed.contains(e.of->meta.uid)
            ? std::pair{noticed[e.of->meta.uid].first, e.of}
            : std::pair{resource{n.what->group, "v1", n.what->resource}, e.of};
    for (const auto& [of, who] : subscribers)
      if (of.plural == n.what->resource && of.group == n.what->group)
        kernel::tell(who, n);
  }
}

void world_api::publish() { show(changes()); }

client::api_actor spawn_api(const kernel::place& at, world_ptr state) {
  using pointer = kernel::self_ptr<api_interface, api_state>;
  return kernel::spawn<api_interface, api_state>(
    at,
    [](pointer self, const world_ptr& s) -> api_interface::behavior_type {
      return {
        [self, s](const client::call& m) -> kernel::reply<client::called> {
          auto answer = s->serve(m.what);
          if (auto all = s->changes(); !all.empty())
            self->after(s->lag, show{std::move(all)});
          return client::called{std::move(answer)};
        },
        [](const client::open_watch&) -> kernel::reply<client::watch_opened> {
          return client::watch_opened{};
        },
        [](const client::next_events&) -> kernel::reply<client::events> {
          return client::events{};
        },
        [](const client::close_watch&) {},
        [s](const show& m) { s->show(m.news); },
      };
    },
    std::move(state));
}

client::informer_actor spawn_informer(const kernel::place& at, world_ptr state, resource of) {
  using pointer = kernel::self_ptr<client::informer_actor, api_state>;
  return kernel::spawn<client::informer_actor, api_state>(
    at,
    [](pointer self, const world_ptr& s,
       const resource& r) -> client::informer_actor::behavior_type {
      return {[self, s, r](const client::inform& m) {
        for (const auto& [known, who] : s->subscribers)
          if (known == r && who == m.who)
            return;
        s->subscribers.emplace_back(r, m.who);
        self->tell(m.who, s->whole(r));
      }};
    },
    std::move(state), std::move(of));
}

} // namespace troupe::control::testing
