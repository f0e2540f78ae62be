#include "actors/api/http/query.hpp"

#include <array>
#include <charconv>

namespace troupe::http {
namespace {

failure unsupported(std::string_view field, std::string_view value, std::string_view known) {
  std::string text =
    "Unsupported value: \"" + std::string{value} + "\": supported values: " + std::string{known};
  return {.reason = reason::invalid,
          .message = std::string{field} + ": " + text,
          .causes = {{std::string{field}, "FieldValueNotSupported", text}}};
}

failure forbidden(std::string_view field, std::string_view why) {
  std::string text = "Forbidden: " + std::string{why};
  return {.reason = reason::invalid,
          .message = std::string{field} + ": " + text,
          .causes = {{std::string{field}, "FieldValueForbidden", text}}};
}

template <class Number>
result<std::optional<Number>> number(const target& from, std::string_view name) {
  auto text = from.option(name);
  if (text.empty())
    return std::optional<Number>{};
  Number out{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size())
    return failure{.reason = reason::bad_request,
                   .message = "invalid value for " + std::string{name} + ": \"" + std::string{text}
                              + "\" is not a number"};
  return std::optional<Number>{out};
}

result<void> read_match(const target& from, api::options& into) {
  auto match = from.option("resourceVersionMatch");
  if (match == "Exact")
    into.match = api::version_match::exact;
  else if (match == "NotOlderThan")
    into.match = api::version_match::not_older_than;
  else if (!match.empty())
    return unsupported("resourceVersionMatch", match, "\"Exact\", \"NotOlderThan\", \"\"");
  return {};
}

result<void> read_version(const target& from, api::options& into) {
  OR_RETURN(auto version, number<std::uint64_t>(from, "resourceVersion"));
  if (version)
    into.version = static_cast<revision>(*version);
  return {};
}

/// What the options of a list may not say together (Kubernetes: ValidateListOptions).
result<void> check_list(const target& from, const api::options& o) {
  if (from.has("sendInitialEvents"))
    return forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
  if (o.match == api::version_match::unset)
    return {};
  if (from.option("resourceVersion").empty())
    return forbidden("resourceVersionMatch",
                     "resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (!o.next.empty())
    return forbidden("resourceVersionMatch",
                     "resourceVersionMatch is forbidden when continue is provided");
  if (o.match == api::version_match::exact && from.option("resourceVersion") == "0")
    return forbidden("resourceVersionMatch",
                     "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  return {};
}

result<void> check_watch(const target& from, const api::options& o) {
  if (from.has("sendInitialEvents")) {
    if (o.match != api::version_match::not_older_than)
      return forbidden("resourceVersionMatch", "sendInitialEvents requires setting "
                                               "resourceVersionMatch to NotOlderThan");
  } else if (o.match != api::version_match::unset) {
    return forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless "
                                             "sendInitialEvents is provided");
  }
  return {};
}

result<void> read_reading(const target& from, api::verb verb, api::options& into) {
  into.label_selector = from.option("labelSelector");
  into.field_selector = from.option("fieldSelector");
  into.next = from.option("continue");
  OR_RETURN(auto limit, number<std::uint64_t>(from, "limit"));
  into.limit = limit.value_or(0);
  OR_RETURN(auto seconds, number<std::uint32_t>(from, "timeoutSeconds"));
  into.timeout = std::chrono::seconds{seconds.value_or(0)};
  into.bookmarks = flag(from, "allowWatchBookmarks");
  into.initial_events = flag(from, "sendInitialEvents");
  into.uninitialized = flag(from, "includeUninitialized");
  if (verb == api::verb::get) // it knows no match
    return read_version(from, into);
  CHECK_RETURN(read_match(from, into));
  CHECK_RETURN(verb == api::verb::watch ? check_watch(from, into) : check_list(from, into));
  return read_version(from, into);
}

result<void> read_writing(const target& from, api::options& into) {
  for (const auto& [key, value] : from.query) {
    if (key != "dryRun" || value.empty())
      continue;
    if (value != "All")
      return unsupported("dryRun", value, "\"All\"");
    into.dry_run = true;
  }
  auto fields = from.option("fieldValidation");
  if (fields == "Ignore")
    into.fields = api::validation::ignore;
  else if (fields == "Strict")
    into.fields = api::validation::strict;
  else if (!fields.empty() && fields != "Warn")
    return unsupported("fieldValidation", fields, "\"Ignore\", \"Strict\", \"Warn\", \"\"");
  into.field_manager = from.option("fieldManager");
  if (into.field_manager.size() > 128)
    return failure{.reason = reason::invalid,
                   .message = "fieldManager: Too long: may not be more than 128 bytes",
                   .causes = {{"fieldManager", "FieldValueTooLong",
                               "Too long: may not be more than 128 bytes"}}};
  into.force = flag(from, "force");
  return {};
}

result<void> read_removal(const target& from, api::options& into) {
  OR_RETURN(into.grace, number<std::int64_t>(from, "gracePeriodSeconds"));
  auto how = from.option("propagationPolicy");
  if (how == "Background")
    into.propagate = api::propagation::background;
  else if (how == "Foreground")
    into.propagate = api::propagation::foreground;
  else if (how == "Orphan")
    into.propagate = api::propagation::orphan;
  else if (!how.empty())
    return unsupported("propagationPolicy", how, "\"Background\", \"Foreground\", \"Orphan\"");
  else if (from.has("orphanDependents"))
    into.propagate =
      flag(from, "orphanDependents") ? api::propagation::orphan : api::propagation::background;
  return {};
}

} // namespace

bool flag(const target& from, std::string_view name, bool otherwise) {
  if (!from.has(name))
    return otherwise;
  auto value = from.option(name);
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (value == yes)
      return true;
  return false;
}

result<api::options> parse_options(const target& from, api::verb verb) {
  api::options out;
  switch (verb) {
  case api::verb::get:
  case api::verb::list:
  case api::verb::watch: CHECK_RETURN(read_reading(from, verb, out)); break;
  case api::verb::create:
  case api::verb::update:
  case api::verb::patch: CHECK_RETURN(read_writing(from, out)); break;
  case api::verb::remove_collection: CHECK_RETURN(read_reading(from, verb, out)); [[fallthrough]];
  case api::verb::remove:
    CHECK_RETURN(read_writing(from, out));
    CHECK_RETURN(read_removal(from, out));
    break;
  case api::verb::document: break;
  }
  return out;
}

} // namespace troupe::http
