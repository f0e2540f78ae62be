// One setting's value as text and back. Only for the .cpp files of this folder.
#pragma once

#include "config/base/result.hpp"
#include "config/settings/fields.hpp"

#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::settings {

/// A value as it was written: one scalar, or the items of a list ("KEY=VALUE" each, if it was a
/// mapping).
struct written {
  std::vector<std::string> items;
  bool is_list = false;
};
/// From --set or the environment: commas part the items of what is a list.
written written_text(std::string_view text);

// read(): fails with `invalid` and says what was expected. show(): YAML that reads back.

result<void> read(std::string& into, const written& from);
result<void> read(bool& into, const written& from);
result<void> read(std::uint8_t& into, const written& from);
result<void> read(std::uint16_t& into, const written& from);
result<void> read(std::uint32_t& into, const written& from);
result<void> read(std::uint64_t& into, const written& from);
/// "1m30s", "250ms", "2h"; a bare number counts seconds.
result<void> read(duration& into, const written& from);
result<void> read(runtime_kind& into, const written& from);
result<void> read(proxy_mode& into, const written& from);
result<void> read(pod_network& into, const written& from);
result<void> read(std::vector<std::string>& into, const written& from);
result<void> read(std::vector<peer>& into, const written& from);
result<void> read(std::map<std::string, std::string>& into, const written& from);
result<void> read(const port_range<std::uint16_t>& into, const written& from);

std::string show(const std::string& value);
std::string show(bool value);
std::string show(std::uint64_t value);
template <std::unsigned_integral Number>
requires(!std::is_same_v<Number, bool>) std::string show(Number value) {
  return show(std::uint64_t{value});
}
std::string show(duration value);
std::string show(runtime_kind value);
std::string show(proxy_mode value);
std::string show(pod_network value);
std::string show(const std::vector<std::string>& value);
std::string show(const std::vector<peer>& value);
std::string show(const std::map<std::string, std::string>& value);
std::string show(const port_range<const std::uint16_t>& value);

} // namespace troupe::settings
