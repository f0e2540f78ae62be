#include "config/api/request.hpp"

#include <nlohmann/json.hpp>

namespace troupe::api {
namespace {

/// Keeps the order that Kubernetes answers in.
using ordered = nlohmann::ordered_json;

response answer(int code, const ordered& body) {
  // a message may quote what a client sent: bytes that are not UTF-8 are replaced, not thrown on
  return {.code = code,
          .as = media::json,
          .content_type = {},
          .body = share(body.dump(-1, ' ', false, ordered::error_handler_t::replace)),
          .warnings = {},
          .version = {}};
}

ordered head(std::string_view status) {
  return {
    {"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", ordered::object()}, {"status", status}};
}

} // namespace

shared_bytes whole_body(response& r) {
  if (!r.rest)
    return r.body;
  std::string all = r.body ? *r.body : std::string{};
  while (r.rest->next(all)) {
  }
  r.rest.reset();
  return r.body = share(std::move(all));
}

response status_of(const failure& why, const request& about) { return status_of(why, about, {}); }

response status_of(const failure& why, const request& about, std::string_view kind) {
  auto body = head("Failure");
  body["message"] = why.message;
  body["reason"] = status_reason(why.reason);
  auto details = ordered::object();
  if (!about.name.empty())
    details["name"] = about.name;
  if (!about.group.empty())
    details["group"] = about.group;
  if (!kind.empty())
    details["kind"] = kind;
  else if (!about.resource.empty())
    details["kind"] = about.resource;
  for (const auto& c : why.causes) {
    auto entry = ordered::object();
    if (!c.type.empty())
      entry["reason"] = c.type;
    if (!c.message.empty())
      entry["message"] = c.message;
    if (!c.field.empty())
      entry["field"] = c.field;
    details["causes"].push_back(std::move(entry));
  }
  if (why.retry_after_seconds != 0)
    details["retryAfterSeconds"] = why.retry_after_seconds;
  if (!details.empty())
    body["details"] = std::move(details);
  body["code"] = http_code(why.reason);
  return answer(http_code(why.reason), body);
}

response status_success(const request& about, std::string_view uid) {
  auto body = head("Success");
  ordered details = {{"name", about.name}};
  if (!about.group.empty())
    details["group"] = about.group;
  details["kind"] = about.resource;
  if (!uid.empty())
    details["uid"] = uid;
  body["details"] = std::move(details);
  return answer(200, body);
}

} // namespace troupe::api
