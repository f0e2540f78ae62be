// HTTP to API requests and API answers to HTTP: pure functions.
#pragma once

#include "actors/api/http/message.hpp"
#include "config/api/request.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// A request as the pipeline takes it, without who asks (`from` stays empty).
/// Fails with bad_request, method_not_allowed, unsupported_media_type or not_acceptable.
result<api::request> to_api(request from);

/// The parts of a target: the decoded path segments and the query's pairs.
struct target {
  std::string path; // as sent, without the query
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
  /// The first value of that name; empty if there is none.
  std::string_view option(std::string_view name) const;
  bool has(std::string_view name) const;
};
result<target> parse_target(std::string_view text);

/// What an Accept header wants; not_acceptable if nothing it names is known. Empty: JSON.
result<api::wanted> parse_accept(std::string_view accept);

/// The answer as HTTP: content type, Warning fields, and for 429 and 503 Retry-After.
response to_http(const api::response& from);
/// The head of a watch: 200, chunked, the content type of a stream of events in that form.
fields watch_head(const api::wanted& as);
std::string_view content_type(api::media as);

/// A failure as Status JSON, for what fails before there is an API request.
response failure_response(const failure& why);

} // namespace troupe::http
