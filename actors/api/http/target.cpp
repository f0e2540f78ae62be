#include "actors/api/http/mapping.hpp"

#include <algorithm>
#include <optional>

namespace troupe::http {
namespace {

std::optional<unsigned> hex(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F')
    return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

result<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      auto high = i + 2 < text.size() ? hex(text[i + 1]) : std::nullopt;
      auto low = i + 2 < text.size() ? hex(text[i + 2]) : std::nullopt;
      if (!high || !low)
        return failure{.reason = reason::bad_request,
                       .message = "invalid URL escape in \"" + std::string{text} + "\""};
      out += static_cast<char>(*high << 4 | *low);
      i += 2;
    }
  }
  return out;
}

std::string_view cut(std::string_view& text, char mark) {
  auto at = std::min(text.find(mark), text.size());
  auto out = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

} // namespace

std::string_view target::option(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name)
      return value;
  return {};
}

bool target::has(std::string_view name) const {
  return std::any_of(query.begin(), query.end(), [name](const auto& q) { return q.first == name; });
}

result<target> parse_target(std::string_view text) {
  if (!text.starts_with('/'))
    return failure{.reason = reason::bad_request,
                   .message = "the request target must be a path: \"" + std::string{text} + "\""};
  target out;
  auto rest = text.substr(0, text.find('#'));
  auto path = cut(rest, '?');
  out.path = path;
  while (!path.empty()) {
    auto segment = cut(path, '/');
    if (segment.empty())
      continue;
    OR_RETURN(auto name, decoded(segment, false));
    out.segments.push_back(std::move(name));
  }
  while (!rest.empty()) {
    auto pair = cut(rest, '&');
    if (pair.empty())
      continue;
    OR_RETURN(auto key, decoded(cut(pair, '='), true));
    OR_RETURN(auto value, decoded(pair, true));
    out.query.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

} // namespace troupe::http
