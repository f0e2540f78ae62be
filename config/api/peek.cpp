#include "config/api/peek.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace troupe::api {
namespace {

std::size_t skip_space(std::string_view s, std::size_t at) {
  while (at < s.size() && (s[at] == ' ' || s[at] == '\n' || s[at] == '\t' || s[at] == '\r'))
    ++at;
  return at;
}

/// `at` stands on the opening quote; the result behind the closing one.
std::size_t skip_string(std::string_view s, std::size_t at) {
  for (++at; at < s.size() && s[at] != '"';)
    at += s[at] == '\\' ? 2 : 1;
  return std::min(at + 1, s.size());
}

enum class mark : std::uint8_t { none, quote, open, close };

constexpr std::array<mark, 256> make_marks() {
  std::array<mark, 256> out{};
  out['"'] = mark::quote;
  out['{'] = out['['] = mark::open;
  out['}'] = out[']'] = mark::close;
  return out;
}
constexpr auto marks = make_marks();

/// `at` stands on '{' or '['; the result behind the bracket that closes it.
std::size_t skip_nested(std::string_view s, std::size_t at) {
  for (int depth = 0; at < s.size();) {
    switch (marks[static_cast<std::uint8_t>(s[at])]) {
    case mark::none: ++at; break;
    case mark::quote: at = skip_string(s, at); break;
    case mark::open:
      ++depth;
      ++at;
      break;
    case mark::close:
      ++at;
      if (--depth == 0)
        return at;
      break;
    }
  }
  return s.size();
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

std::uint32_t hex4(std::string_view s, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = at; i < at + 4 && i < s.size(); ++i) {
    auto c = s[i];
    auto digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    out = out * 16 + static_cast<std::uint32_t>(digit);
  }
  return out;
}

/// The text between the quotes, escapes resolved.
std::string unescape(std::string_view s) {
  auto first = s.find('\\');
  std::string out{s.substr(0, first)};
  for (auto at = first; at < s.size(); ++at) {
    if (s[at] != '\\') {
      out += s[at];
      continue;
    }
    if (++at >= s.size())
      break;
    switch (s[at]) {
    case 'b': out += '\b'; break;
    case 'f': out += '\f'; break;
    case 'n': out += '\n'; break;
    case 'r': out += '\r'; break;
    case 't': out += '\t'; break;
    case 'u': {
      auto c = hex4(s, at + 1);
      at += 4;
      if (c >= 0xd800 && c < 0xdc00) { // the low half follows
        c = 0x10000 + ((c - 0xd800) << 10) + (hex4(s, at + 3) - 0xdc00);
        at += 6;
      }
      append_utf8(out, c);
      break;
    }
    default: out += s[at]; break;
    }
  }
  return out;
}

std::string text_of(std::string_view raw) {
  if (raw.size() >= 2 && raw.front() == '"')
    return unescape(raw.substr(1, raw.size() - 2));
  return raw == "null" ? std::string{} : std::string{raw};
}

/// Calls visit(key without quotes, raw value) for each member until it returns false.
template <class Visit> void each_member(std::string_view object, Visit visit) {
  auto at = skip_space(object, 0);
  if (at >= object.size() || object[at] != '{')
    return;
  at = skip_space(object, at + 1);
  while (at < object.size() && object[at] == '"') {
    auto end = skip_string(object, at);
    auto key = object.substr(at + 1, end - at - 2);
    at = skip_space(object, skip_space(object, end) + 1); // behind the colon
    end = skip_value(object, at);
    if (!visit(key, object.substr(at, end - at)))
      return;
    at = skip_space(object, end);
    if (at >= object.size() || object[at] != ',')
      return;
    at = skip_space(object, at + 1);
  }
}

/// Where the value of a member of the object at `at` begins; npos when there is none.
std::size_t find_member(std::string_view body, std::size_t at, std::string_view name) {
  at = skip_space(body, at);
  if (at >= body.size() || body[at] != '{')
    return std::string_view::npos;
  at = skip_space(body, at + 1);
  while (at < body.size() && body[at] == '"') {
    auto end = skip_string(body, at);
    auto key = body.substr(at + 1, end - at - 2);
    at = skip_space(body, skip_space(body, end) + 1); // behind the colon
    if (key == name || (key.find('\\') != key.npos && unescape(key) == name))
      return at;
    at = skip_space(body, skip_value(body, at));
    if (at >= body.size() || body[at] != ',')
      break;
    at = skip_space(body, at + 1);
  }
  return std::string_view::npos;
}

} // namespace

std::size_t skip_value(std::string_view body, std::size_t at) {
  if (at >= body.size())
    return body.size();
  if (body[at] == '"')
    return skip_string(body, at);
  if (body[at] == '{' || body[at] == '[')
    return skip_nested(body, at);
  auto end = body.find_first_of(",}] \n\r\t", at);
  return end == std::string_view::npos ? body.size() : end;
}

std::optional<std::string_view> peek_raw(std::string_view body, path where) {
  std::size_t at = 0;
  for (auto step : where) {
    at = find_member(body, at, step);
    if (at == std::string_view::npos)
      return std::nullopt;
  }
  return body.substr(at, skip_value(body, at) - at);
}

std::string peek_text(std::string_view body, path where) {
  auto raw = peek_raw(body, where);
  return raw ? text_of(*raw) : std::string{};
}

string_map peek_strings(std::string_view body, path where) {
  string_map out;
  if (auto raw = peek_raw(body, where))
    each_member(*raw, [&](std::string_view key, std::string_view value) {
      out.emplace(unescape(key), text_of(value));
      return true;
    });
  return out;
}

} // namespace troupe::api
