#include "actors/api/http/message.hpp"

#include <algorithm>
#include <array>

namespace troupe::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

struct phrase {
  int code;
  std::string_view text;
};

constexpr std::array phrases = {
  phrase{100, "Continue"},
  phrase{101, "Switching Protocols"},
  phrase{200, "OK"},
  phrase{201, "Created"},
  phrase{202, "Accepted"},
  phrase{204, "No Content"},
  phrase{301, "Moved Permanently"},
  phrase{302, "Found"},
  phrase{304, "Not Modified"},
  phrase{307, "Temporary Redirect"},
  phrase{400, "Bad Request"},
  phrase{401, "Unauthorized"},
  phrase{403, "Forbidden"},
  phrase{404, "Not Found"},
  phrase{405, "Method Not Allowed"},
  phrase{406, "Not Acceptable"},
  phrase{408, "Request Timeout"},
  phrase{409, "Conflict"},
  phrase{410, "Gone"},
  phrase{413, "Request Entity Too Large"},
  phrase{415, "Unsupported Media Type"},
  phrase{422, "Unprocessable Entity"},
  phrase{429, "Too Many Requests"},
  phrase{431, "Request Header Fields Too Large"},
  phrase{500, "Internal Server Error"},
  phrase{501, "Not Implemented"},
  phrase{502, "Bad Gateway"},
  phrase{503, "Service Unavailable"},
  phrase{504, "Gateway Timeout"},
  phrase{507, "Insufficient Storage"},
};

} // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    auto end = std::min(list.find(','), list.size());
    auto item = list.substr(0, end);
    auto name = trimmed(item.substr(0, std::min(item.find(';'), item.size())));
    if (same_name(name, token))
      return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

void fields::add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

std::string_view fields::get(std::string_view name) const {
  for (const auto& [key, value] : entries_)
    if (same_name(key, name))
      return value;
  return {};
}

bool fields::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [name](const entry& e) { return same_name(e.first, name); });
}

std::vector<std::string_view> fields::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : entries_)
    if (same_name(key, name))
      out.emplace_back(value);
  return out;
}

void fields::remove(std::string_view name) {
  std::erase_if(entries_, [name](const entry& e) { return same_name(e.first, name); });
}

std::string_view reason_phrase(int code) {
  for (const auto& one : phrases)
    if (one.code == code)
      return one.text;
  return "Unknown";
}

} // namespace troupe::http
