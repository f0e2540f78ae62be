#include "actors/api/pipeline/watch.hpp"

#include "actors/api/pipeline/answer.hpp"
#include "actors/api/pipeline/list.hpp"
#include "config/codec/protobuf.hpp"

#include <nlohmann/json.hpp>

namespace troupe::pipeline {
namespace {

using kind = api::event::kind;

constexpr std::string_view initial_end_annotation = R"({"k8s.io/initial-events-end":"true"})";

std::string_view name_of(kind k) {
  switch (k) {
  case kind::added: return "ADDED";
  case kind::modified: return "MODIFIED";
  case kind::deleted: return "DELETED";
  case kind::bookmark: return "BOOKMARK";
  case kind::error: return "ERROR";
  }
  return "ERROR";
}

bool selects(const watch_plan& plan, const api::object& o) {
  if (!plan.labels.matches(o.meta.labels))
    return false;
  if (plan.fields.everything())
    return true;
  return plan.fields.matches(*in_version(o.body, *plan.of), plan.of->group, plan.of->plural);
}

api::object_ptr at_version(const api::object_ptr& o, revision version) {
  if (o->meta.version == version)
    return o;
  auto copy = std::make_shared<api::object>(*o);
  copy->meta.version = version;
  return copy;
}

result<api::object_ptr> read(const store::record_ptr& record) {
  if (!record)
    return api::object_ptr{};
  OR_RETURN(auto o, api::parse_object(record->value, record->modified));
  o.cause = record->cause;
  return api::object_ptr{std::make_shared<const api::object>(std::move(o))};
}

/// The body of a bookmark: the kind and its version, nothing else.
std::string bookmark_body(const watch_plan& plan, const api::object& o) {
  std::string out = "{\"apiVersion\":\"" + plan.of->api_version() + "\",\"kind\":\"";
  out.append(plan.of->kind).append("\",\"metadata\":{");
  if (!o.meta.annotations.empty())
    out.append("\"annotations\":").append(initial_end_annotation);
  return out.append("}}");
}

form form_of(const watch_plan& plan, instant now) {
  return {plan.held, plan.of, plan.of->of, plan.answer, now};
}

std::string framed(const watch_plan& plan, std::string_view type, const std::string& object) {
  auto enveloped = object.substr(0, codec::protobuf_magic.size()) == codec::protobuf_magic;
  if (plan.answer.as == api::media::protobuf && enveloped)
    return codec::protobuf_watch_frame(type, object);
  std::string out;
  out.reserve(object.size() + 40);
  out.append("{\"type\":\"").append(type).append("\",\"object\":").append(object).append("}\n");
  return out;
}

/// sendInitialEvents with resourceVersionMatch. What has a match and wants no initial events said
/// sendInitialEvents=false (the edge lets nobody have a match without the other).
result<void> check_initial(const api::options& o) {
  using match = api::version_match;
  if (o.match == match::not_older_than || (o.match == match::unset && !o.initial_events))
    return {};
  constexpr auto why = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
                       "NotOlderThan";
  return failure{.reason = reason::invalid,
                 .message = "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: "
                            + std::string{why},
                 .causes = {{"resourceVersionMatch", "FieldValueForbidden", why}}};
}

} // namespace

result<seen_change> see(const store::change& c) {
  seen_change out{.at = c.at, .key = c.key(), .now = {}, .before = {}, .last = c.last};
  OR_RETURN(out.now, read(c.now));
  OR_RETURN(out.before, read(c.before));
  return out;
}

std::optional<api::event> event_of(const seen_change& c, const watch_plan& plan) {
  if (c.at <= plan.start || !plan.wants(c.key))
    return std::nullopt;
  auto is = c.now && selects(plan, *c.now);
  auto was = c.before && selects(plan, *c.before);
  if (is)
    return api::event{.what = was ? kind::modified : kind::added, .of = c.now, .why = {}};
  if (!was)
    return std::nullopt;
  // what leaves the selection is shown as it last was in it, at the version of the change
  return api::event{.what = kind::deleted, .of = at_version(c.before, c.at), .why = {}};
}

bool initial_events(const store::view& view, const watch_plan& plan, std::string& from,
                    std::size_t most, const std::function<void(api::event)>& emit) {
  std::size_t looked = 0;
  bool more = false;
  auto show = [&](const store::record_ptr& record) {
    if (looked++ == most) {
      from = record->key;
      more = true;
      return false;
    }
    if (auto o = read(record); o && *o && selects(plan, **o))
      emit({.what = kind::added, .of = std::move(*o), .why = {}});
    return true;
  };
  if (plan.initial && plan.single) {
    if (auto record = view.get(plan.prefix))
      show(record);
  } else if (plan.initial) {
    view.scan({.prefix = plan.prefix, .from = from, .limit = 0}, show);
  }
  if (more || !plan.initial_end)
    return more;
  auto end = std::make_shared<api::object>();
  end->meta.version = view.at();
  end->meta.annotations.emplace("k8s.io/initial-events-end", "true");
  end->body = share("{}");
  emit({.what = kind::bookmark, .of = std::move(end), .why = {}});
  return false;
}

api::event bookmark(revision at) {
  auto o = std::make_shared<api::object>();
  o->meta.version = at;
  o->body = share("{}");
  return {.what = kind::bookmark, .of = std::move(o), .why = {}};
}

std::string encode_event(const api::event& e, const watch_plan& plan, instant now) {
  auto type = name_of(e.what);
  if (e.what == kind::error || !e.of) {
    auto status = api::status_of(e.why, {});
    return framed(plan, type, *status.body);
  }
  auto shown = form_of(plan, now);
  if (e.what == kind::bookmark)
    return framed(plan, type, encode_object(shown, bookmark_body(plan, *e.of), e.of->meta.version));
  return framed(plan, type,
                encode_object(shown, *in_version(e.of->body, version_for(shown)),
                              e.of->meta.version));
}

result<step> plan_watch(context& c) {
  const auto& o = c.request.options;
  OR_RETURN(auto chosen, selection_of(c));
  CHECK_RETURN(check_initial(o));
  watch_plan plan{.held = c.env.catalog,
                  .of = &c.of,
                  .prefix = c.prefix(),
                  .labels = std::move(chosen.labels),
                  .fields = std::move(chosen.fields),
                  .bookmarks = o.bookmarks,
                  .timeout = o.timeout,
                  .answer = c.request.answer};
  const auto* name = plan.fields.required("metadata.name");
  auto single = c.request.name.empty() ? (name ? *name : std::string{}) : c.request.name;
  if (!single.empty() && (!c.of.namespaced || !c.request.ns.empty())) {
    plan.prefix += single;
    plan.single = true;
  }
  auto versioned = o.version && *o.version != revision{};
  plan.initial = o.initial_events || (o.match == api::version_match::unset && !versioned);
  plan.initial_end = plan.initial && o.bookmarks;
  plan.start = versioned && !plan.initial ? *o.version : c.view.at();
  return step{std::move(plan)};
}

} // namespace troupe::pipeline
