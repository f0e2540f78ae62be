#include "config/settings/values.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace troupe::settings {
namespace {

failure expected(std::string_view what, std::string_view got) {
  return {.reason = reason::invalid,
          .message = "expected " + std::string{what} + ", got \"" + std::string{got} + "\""};
}

result<std::string> scalar(std::string_view what, const written& from) {
  if (from.is_list || from.items.size() > 1)
    return expected(what, "a list");
  return from.items.empty() ? std::string{} : from.items.front();
}

template <class Number> result<Number> number(std::string_view text) {
  Number out{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size())
    return expected("a number up to " + std::to_string(std::numeric_limits<Number>::max()), text);
  return out;
}

template <class Number> result<void> read_number(Number& into, const written& from) {
  OR_RETURN(auto text, scalar("a number", from));
  OR_RETURN(into, number<Number>(text));
  return {};
}

struct unit {
  std::string_view name;
  duration size;
};
constexpr std::array units = {unit{"h", 1h},   unit{"m", 1min}, unit{"s", 1s},
                              unit{"ms", 1ms}, unit{"us", 1us}, unit{"ns", 1ns}};

result<duration> parse_duration(std::string_view text) {
  constexpr std::string_view what = "a duration such as 250ms, 10s or 1m30s";
  auto whole = text;
  duration out{};
  if (text.empty())
    return expected(what, whole);
  while (!text.empty()) {
    std::uint32_t count = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{})
      return expected(what, whole);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    auto name = text.substr(0, text.find_first_of("0123456789"));
    text.remove_prefix(name.size());
    if (name.empty() && text.empty() && out == duration{})
      return count * duration{1s}; // a bare number
    bool known = false;
    for (const auto& u : units)
      if (u.name == name) {
        out += count * u.size;
        known = true;
      }
    if (!known)
      return expected(what, whole);
  }
  return out;
}

template <class Enum> using names = std::vector<std::pair<std::string_view, Enum>>;

const names<runtime_kind>& names_of(runtime_kind) {
  static const names<runtime_kind> all = {{"containerd", runtime_kind::containerd},
                                          {"simulated", runtime_kind::simulated}};
  return all;
}
const names<proxy_mode>& names_of(proxy_mode) {
  static const names<proxy_mode> all = {{"nftables", proxy_mode::nftables},
                                        {"iptables", proxy_mode::iptables},
                                        {"ipvs", proxy_mode::ipvs},
                                        {"userspace", proxy_mode::userspace},
                                        {"none", proxy_mode::none}};
  return all;
}
const names<pod_network>& names_of(pod_network) {
  static const names<pod_network> all = {{"vxlan", pod_network::vxlan},
                                         {"tun", pod_network::tun},
                                         {"bgp", pod_network::bgp},
                                         {"host-gw", pod_network::host_gw},
                                         {"none", pod_network::none}};
  return all;
}

template <class Enum> result<void> read_enum(Enum& into, const written& from) {
  OR_RETURN(auto text, scalar("one name", from));
  std::string known;
  for (const auto& [name, value] : names_of(into)) {
    if (name == text) {
      into = value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string{name};
  }
  return expected("one of " + known, text);
}

template <class Enum> std::string show_enum(Enum value) {
  for (const auto& [name, one] : names_of(value))
    if (one == value)
      return std::string{name};
  return {};
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    if (end > 0)
      out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<std::string> items_of(const written& from) {
  if (from.is_list)
    return from.items;
  return from.items.empty() ? std::vector<std::string>{} : split(from.items.front());
}

result<std::pair<std::string, std::string>> pair(std::string_view what, const std::string& text) {
  auto at = text.find('=');
  if (at == std::string::npos || at == 0)
    return expected(what, text);
  return std::pair{text.substr(0, at), text.substr(at + 1)};
}

template <class Items> std::string show_list(const Items& items) {
  std::string out = "[";
  for (const auto& item : items)
    out += (out.size() > 1 ? ", " : "") + show(item);
  return out + "]";
}

} // namespace

written written_text(std::string_view text) { return {.items = {std::string{text}}}; }

result<void> read(std::string& into, const written& from) {
  OR_RETURN(into, scalar("text", from));
  return {};
}

result<void> read(bool& into, const written& from) {
  OR_RETURN(auto text, scalar("true or false", from));
  if (text != "true" && text != "false")
    return expected("true or false", text);
  into = text == "true";
  return {};
}

result<void> read(std::uint8_t& into, const written& from) { return read_number(into, from); }
result<void> read(std::uint16_t& into, const written& from) { return read_number(into, from); }
result<void> read(std::uint32_t& into, const written& from) { return read_number(into, from); }
result<void> read(std::uint64_t& into, const written& from) { return read_number(into, from); }

result<void> read(duration& into, const written& from) {
  OR_RETURN(auto text, scalar("a duration", from));
  OR_RETURN(into, parse_duration(text));
  return {};
}

result<void> read(runtime_kind& into, const written& from) { return read_enum(into, from); }
result<void> read(proxy_mode& into, const written& from) { return read_enum(into, from); }
result<void> read(pod_network& into, const written& from) { return read_enum(into, from); }

result<void> read(std::vector<std::string>& into, const written& from) {
  into = items_of(from);
  return {};
}

result<void> read(std::vector<peer>& into, const written& from) {
  std::vector<peer> out;
  for (const auto& item : items_of(from)) {
    OR_RETURN(auto parts, pair("NAME=HOST:PORT", item));
    out.push_back({std::move(parts.first), std::move(parts.second)});
  }
  into = std::move(out);
  return {};
}

result<void> read(std::map<std::string, std::string>& into, const written& from) {
  std::map<std::string, std::string> out;
  for (const auto& item : items_of(from)) {
    OR_RETURN(auto parts, pair("KEY=VALUE", item));
    out.insert_or_assign(std::move(parts.first), std::move(parts.second));
  }
  into = std::move(out);
  return {};
}

result<void> read(const port_range<std::uint16_t>& into, const written& from) {
  OR_RETURN(auto text, scalar("FIRST-LAST", from));
  auto at = text.find('-');
  if (at == std::string::npos)
    return expected("FIRST-LAST", text);
  OR_RETURN(auto first, number<std::uint16_t>(std::string_view{text}.substr(0, at)));
  OR_RETURN(auto last, number<std::uint16_t>(std::string_view{text}.substr(at + 1)));
  into.first = first;
  into.last = last;
  return {};
}

std::string show(const std::string& value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\x";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string show(bool value) { return value ? "true" : "false"; }
std::string show(std::uint64_t value) { return std::to_string(value); }

std::string show(duration value) {
  std::string out;
  for (const auto& u : units) {
    if (auto count = value / u.size; count > 0) {
      out += std::to_string(count) + std::string{u.name};
      value -= count * u.size;
    }
  }
  return out.empty() ? "0s" : out;
}

std::string show(runtime_kind value) { return show_enum(value); }
std::string show(proxy_mode value) { return show_enum(value); }
std::string show(pod_network value) { return show_enum(value); }
std::string show(const std::vector<std::string>& value) { return show_list(value); }

std::string show(const std::vector<peer>& value) {
  std::vector<std::string> items;
  for (const auto& one : value)
    items.push_back(one.name + "=" + one.address);
  return show_list(items);
}

std::string show(const std::map<std::string, std::string>& value) {
  std::string out = "{";
  for (const auto& [key, one] : value)
    out += (out.size() > 1 ? ", " : "") + show(key) + ": " + show(one);
  return out + "}";
}

std::string show(const port_range<const std::uint16_t>& value) {
  return std::to_string(value.first) + "-" + std::to_string(value.last);
}

} // namespace troupe::settings
