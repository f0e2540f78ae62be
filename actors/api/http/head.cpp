#include "actors/api/http/head.hpp"

#include <algorithm>

namespace troupe::http::detail {
namespace {

void append_clean(std::string& to, std::string_view text) {
  auto from = to.size();
  to.append(text);
  std::replace_if(
    to.begin() + static_cast<std::ptrdiff_t>(from), to.end(),
    [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
}

void append_fields(std::string& to, const fields& with) {
  for (const auto& [name, value] : with) {
    append_clean(to, name);
    to += ": ";
    append_clean(to, value);
    to += "\r\n";
  }
  to += "\r\n";
}

} // namespace

std::string encode_head(int code, const fields& with) {
  std::string out = "HTTP/1.1 " + std::to_string(code) + " ";
  out += reason_phrase(code);
  out += "\r\n";
  append_fields(out, with);
  return out;
}

std::string encode_request_head(const request& what) {
  std::string out;
  append_clean(out, what.method);
  out += ' ';
  append_clean(out, what.target);
  out += " HTTP/1.1\r\n";
  append_fields(out, what.fields);
  return out;
}

} // namespace troupe::http::detail
