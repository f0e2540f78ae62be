#include "actors/api/http/mapping.hpp"

#include "actors/api/http/query.hpp"
#include "config/api/peek.hpp"

#include <algorithm>
#include <array>

namespace troupe::http {
namespace {

/// Subresources that are conversations of their own: their bodies and media types are not the
/// API's.
bool is_connection(std::string_view subresource) {
  constexpr std::array<std::string_view, 5> all = {"attach", "exec", "log", "portforward", "proxy"};
  return std::find(all.begin(), all.end(), subresource) != all.end();
}

failure not_allowed(std::string_view method) {
  return {.reason = reason::method_not_allowed,
          .message = "the server does not allow the method " + std::string{method}
                     + " on the requested resource"};
}

/// Takes /api/VERSION or /apis/GROUP/VERSION off; empty when the path names no resource.
std::vector<std::string> take_group(const target& from, api::request& into) {
  const auto& s = from.segments;
  if (s.size() >= 3 && s[0] == "api") {
    into.version = s[1];
    return {s.begin() + 2, s.end()};
  }
  if (s.size() >= 4 && s[0] == "apis") {
    into.group = s[1];
    into.version = s[2];
    return {s.begin() + 3, s.end()};
  }
  return {};
}

/// RESOURCE[/NAME[/SUBRESOURCE...]], with namespaces/NS before it or not. A namespace is a resource
/// itself.
void place(std::vector<std::string> rest, api::request& into) {
  auto of_namespace = rest.size() == 3 && (rest[2] == "status" || rest[2] == "finalize");
  if (rest[0] == "namespaces" && rest.size() >= 3 && !of_namespace) {
    into.ns = rest[1];
    rest.erase(rest.begin(), rest.begin() + 2);
  }
  into.resource = rest[0];
  if (rest.size() >= 2)
    into.name = rest[1];
  for (std::size_t i = 2; i < rest.size(); ++i) {
    if (i > 2 && into.subresource == "proxy")
      break; // what follows is the proxied path
    into.subresource += (i > 2 ? "/" : "") + rest[i];
  }
}

result<api::verb> verb_of(std::string_view method, const api::request& r, bool watches) {
  auto named = !r.name.empty();
  if (method == "GET" || method == "HEAD") {
    if (named)
      return api::verb::get;
    return watches ? api::verb::watch : api::verb::list;
  }
  if (method == "POST" && (!named || !r.subresource.empty()))
    return api::verb::create;
  if (method == "PUT" && named)
    return api::verb::update;
  if (method == "PATCH" && named)
    return api::verb::patch;
  if (method == "DELETE")
    return named ? api::verb::remove : api::verb::remove_collection;
  return not_allowed(method);
}

result<void> check_names(const api::request& r) {
  for (const auto* part : {&r.group, &r.version, &r.resource, &r.ns, &r.name}) {
    if (*part == "." || *part == ".." || part->find('/') != std::string::npos
        || part->find('\0') != std::string::npos)
      return failure{.reason = reason::bad_request,
                     .message = "\"" + *part + "\" cannot be a part of a path"};
  }
  return {};
}

std::string_view media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ')
    type.remove_suffix(1);
  return type;
}

failure unknown_body(std::string_view known) {
  return {.reason = reason::unsupported_media_type,
          .message = "the body of the request was in an unknown format - accepted media types "
                     "include: "
                     + std::string{known}};
}

result<void> read_patch_type(std::string_view type, api::request& into) {
  into.body_as = api::media::json;
  if (type == "application/json-patch+json") {
    into.patch = api::patch_type::json;
  } else if (type == "application/merge-patch+json") {
    into.patch = api::patch_type::merge;
  } else if (type == "application/strategic-merge-patch+json") {
    into.patch = api::patch_type::strategic;
  } else if (type == "application/apply-patch+yaml") {
    into.patch = api::patch_type::apply;
    into.body_as = api::media::yaml;
  } else {
    return unknown_body("application/json-patch+json, application/merge-patch+json, "
                        "application/strategic-merge-patch+json, application/apply-patch+yaml");
  }
  return {};
}

result<void> read_body_type(std::string_view type, api::request& into) {
  if (into.verb == api::verb::patch)
    return read_patch_type(type, into);
  if (type.empty() || type == "application/json" || type == "*/*")
    into.body_as = api::media::json;
  else if (type == "application/yaml")
    into.body_as = api::media::yaml;
  else if (type == "application/vnd.kubernetes.protobuf")
    into.body_as = api::media::protobuf;
  else if (!into.body.empty())
    return unknown_body("application/json, application/yaml, application/vnd.kubernetes.protobuf");
  return {};
}

/// The manager of a User-Agent: its first product's name, printable, at most 128 bytes.
std::string manager_of_agent(std::string_view user_agent) {
  constexpr std::size_t most_bytes = 128;
  std::string out;
  for (char c : user_agent.substr(0, user_agent.find('/')))
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && out.size() < most_bytes)
      out += c;
  return out;
}

/// Who writes, when the request does not name its fieldManager. An apply must; and it alone may
/// force.
result<void> name_manager(const target& from, std::string_view user_agent, api::request& into) {
  auto applies = into.verb == api::verb::patch && into.patch == api::patch_type::apply;
  if (into.verb == api::verb::patch && !applies && from.has("force")) {
    constexpr auto why = "Forbidden: may not be specified for non-apply patch";
    return failure{.reason = reason::invalid,
                   .message =
                     "PatchOptions.meta.k8s.io \"\" is invalid: force: " + std::string{why},
                   .causes = {{"force", "FieldValueForbidden", why}}};
  }
  if (!applies && into.options.field_manager.empty())
    into.options.field_manager = manager_of_agent(user_agent);
  return {};
}

/// What is no resource: discovery, version, health.
result<api::request> document(request from, api::request out) {
  if (from.method != "GET" && from.method != "HEAD")
    return not_allowed(from.method);
  out.verb = api::verb::document;
  out.path = std::move(from.target);
  if (auto wanted = parse_accept(out.accept)) // documents have forms of their own beside these
    out.answer = *wanted;
  return out;
}

/// The deprecated form: /api/v1/watch/... with a name means that one object.
void undo_watch_prefix(std::vector<std::string>& rest, bool& watches) {
  if (rest[0] != "watch" || rest.size() < 2)
    return;
  rest.erase(rest.begin());
  watches = true;
}

} // namespace

result<api::request> to_api(request from) {
  OR_RETURN(auto target, parse_target(from.target));
  api::request out;
  out.accept = from.fields.get("Accept");
  auto rest = take_group(target, out);
  if (rest.empty())
    return document(std::move(from), {.accept = std::move(out.accept)});
  bool watches = flag(target, "watch");
  auto prefixed = rest[0] == "watch";
  undo_watch_prefix(rest, watches);
  place(std::move(rest), out);
  CHECK_RETURN(check_names(out));
  std::string only; // of a watch by the deprecated prefix
  if (prefixed && watches)
    only = std::exchange(out.name, {});
  OR_RETURN(out.verb, verb_of(from.method, out, watches));
  OR_RETURN(out.options, parse_options(target, out.verb));
  if (!only.empty())
    out.options.field_selector = "metadata.name=" + only;
  out.body = std::move(from.body);
  if (!out.subresource.empty())
    out.path = from.target;
  if (is_connection(out.subresource))
    return out;
  OR_RETURN(out.answer, parse_accept(out.accept));
  out.answer.objects_in_table = target.option("includeObject") != "None";
  out.answer.pieces = true; // to_http() hands them on
  CHECK_RETURN(read_body_type(media_type(from.fields.get("Content-Type")), out));
  CHECK_RETURN(name_manager(target, from.fields.get("User-Agent"), out));
  return out;
}

namespace {

/// RFC 7234 5.5 in Kubernetes' form: code 299, no agent.
std::string warning_value(std::string_view text) {
  std::string out = "299 - \"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

/// What a failure's Status advises; empty: do not try again by yourself.
std::string retry_after(const api::response& from) {
  if (from.code < 400)
    return {};
  auto status = from.as == api::media::json && from.content_type.empty() && from.body
                && from.body->starts_with("{\"kind\":\"Status\"");
  if (auto told =
        status ? api::peek_raw(*from.body, {"details", "retryAfterSeconds"}) : std::nullopt)
    return std::string{*told};
  return from.code == 429 || from.code == 503 ? "1" : "";
}

body_source pieces(std::shared_ptr<api::body_source> from) {
  return [from = std::move(from), more = true]() mutable -> shared_bytes {
    std::string piece;
    while (more && piece.empty())
      more = from->next(piece);
    return piece.empty() ? nullptr : share(std::move(piece));
  };
}

} // namespace

response to_http(const api::response& from) {
  response out{.code = from.code, .fields = {}, .body = from.body, .source = {}};
  out.fields.add("Content-Type", from.content_type.empty() ? std::string{content_type(from.as)}
                                                           : from.content_type);
  out.fields.add("Cache-Control", "no-cache, private");
  for (const auto& text : from.warnings)
    out.fields.add("Warning", warning_value(text));
  if (auto seconds = retry_after(from); !seconds.empty())
    out.fields.add("Retry-After", std::move(seconds));
  if (from.rest)
    out.source = pieces(from.rest);
  return out;
}

fields watch_head(const api::wanted& as) {
  std::string type{content_type(as.as)};
  if (as.as == api::media::protobuf)
    type += ";stream=watch";
  return {{"Content-Type", std::move(type)}, {"Cache-Control", "no-cache, private"}};
}

response failure_response(const failure& why) {
  return to_http(api::status_of(why, api::request{}));
}

} // namespace troupe::http
