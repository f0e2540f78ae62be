#include "actors/api/http/mapping.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace troupe::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// Cuts the text before `mark` off; what follows the mark stays.
std::string_view cut(std::string_view& text, char mark) {
  auto at = std::min(text.find(mark), text.size());
  auto out = trimmed(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

/// One entry of an Accept header.
struct clause {
  std::string_view type;
  std::string_view as;
  std::string_view group;
  std::string_view version;
  unsigned weight = 1000; // of 1000
};

/// RFC 9110 12.4.2: up to three digits after the point.
unsigned parse_weight(std::string_view text) {
  unsigned out = 0;
  unsigned digit = 1000;
  for (char c : text) {
    if (c == '.')
      continue;
    if (c < '0' || c > '9' || digit == 0)
      return 0;
    out += static_cast<unsigned>(c - '0') * digit;
    digit /= 10;
  }
  return std::min(out, 1000U);
}

clause parse_clause(std::string_view text) {
  clause out;
  out.type = cut(text, ';');
  while (!text.empty()) {
    auto parameter = cut(text, ';');
    auto name = cut(parameter, '=');
    if (name == "as")
      out.as = parameter;
    else if (name == "g")
      out.group = parameter;
    else if (name == "v")
      out.version = parameter;
    else if (name == "q")
      out.weight = parse_weight(parameter);
  }
  return out;
}

int wildness(std::string_view type) { return type == "*/*" ? 2 : type.ends_with("/*") ? 1 : 0; }

std::optional<api::media> media_of(std::string_view type) {
  if (type == "application/json" || wildness(type) == 2 || type == "application/*")
    return api::media::json;
  if (type == "application/yaml")
    return api::media::yaml;
  if (type == "application/vnd.kubernetes.protobuf")
    return api::media::protobuf;
  return std::nullopt;
}

std::optional<api::wanted> offer(const clause& c) {
  auto as = media_of(c.type);
  if (!as || c.weight == 0)
    return std::nullopt;
  api::wanted out{.as = *as};
  if (c.as.empty())
    return out;
  using transform = decltype(out.transform);
  if (c.group != "meta.k8s.io" || (c.version != "v1" && c.version != "v1beta1")
      || *as == api::media::protobuf)
    return std::nullopt; // another entry of the header will do
  if (c.as == "Table")
    out.transform = transform::table;
  else if (c.as == "PartialObjectMetadata")
    out.transform = transform::partial_metadata;
  else if (c.as == "PartialObjectMetadataList")
    out.transform = transform::partial_metadata_list;
  else
    return std::nullopt;
  return out;
}

} // namespace

result<api::wanted> parse_accept(std::string_view accept) {
  if (trimmed(accept).empty())
    return api::wanted{};
  std::vector<clause> clauses;
  while (!accept.empty())
    clauses.push_back(parse_clause(cut(accept, ',')));
  std::stable_sort(clauses.begin(), clauses.end(), [](const clause& a, const clause& b) {
    return a.weight != b.weight ? a.weight > b.weight : wildness(a.type) < wildness(b.type);
  });
  for (const auto& one : clauses)
    if (auto found = offer(one))
      return *found;
  return failure{.reason = reason::not_acceptable,
                 .message = "only the following media types are accepted: application/json, "
                            "application/yaml, application/vnd.kubernetes.protobuf"};
}

std::string_view content_type(api::media as) {
  switch (as) {
  case api::media::json: return "application/json";
  case api::media::yaml: return "application/yaml";
  case api::media::protobuf: break;
  }
  return "application/vnd.kubernetes.protobuf";
}

} // namespace troupe::http
