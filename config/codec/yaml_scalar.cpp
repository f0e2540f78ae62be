#include "config/codec/yaml_scalar.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace troupe::codec {

using json = nlohmann::json;

namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool is_null(std::string_view text) { return one_of(text, {"", "~", "null", "Null", "NULL"}); }

std::optional<bool> boolean_of(std::string_view text) {
  if (one_of(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}))
    return true;
  if (one_of(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}))
    return false;
  return {};
}

/// 12, -7, 0x1f, 0b101, 0o17 and 017; nothing if it is no integer or has more than 64 bits.
std::optional<json> integer_of(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    auto mark = std::tolower(static_cast<unsigned char>(text[1]));
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(std::isdigit(mark) != 0 ? 1 : 2);
    if (std::isdigit(mark) == 0 && mark != 'x' && mark != 'b' && mark != 'o')
      return {};
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return {};
  if (!negative)
    return json(value);
  if (value > std::uint64_t{1} << 63U)
    return {};
  return json(static_cast<std::int64_t>(-value));
}

/// Digits with a dot or an exponent.
std::optional<json> float_of(std::string_view text) {
  auto rest = text;
  auto take_digits = [&rest] {
    auto count = std::min(rest.find_first_not_of("0123456789"), rest.size());
    rest.remove_prefix(count);
    return count;
  };
  if (rest.starts_with('-') || rest.starts_with('+'))
    rest.remove_prefix(1);
  auto digits = take_digits();
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    digits += take_digits();
  }
  if (digits == 0)
    return {};
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    if (rest.starts_with('-') || rest.starts_with('+'))
      rest.remove_prefix(1);
    if (take_digits() == 0)
      return {};
  }
  if (!rest.empty())
    return {};
  if (text.starts_with('+'))
    text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{})
    return {};
  return json(value);
}

} // namespace

json resolve_plain(std::string_view text) {
  if (is_null(text))
    return nullptr;
  if (auto boolean = boolean_of(text))
    return *boolean;
  auto first = static_cast<unsigned char>(text.front());
  if (std::isdigit(first) != 0 || first == '-' || first == '+' || first == '.') {
    std::string digits(text);
    std::erase(digits, '_');
    if (auto integer = integer_of(digits))
      return *integer;
    if (auto number = float_of(digits)) {
      // A whole number stays one, as it would be in JSON: 08 and 1e3.
      auto whole = static_cast<std::int64_t>(number->get<double>());
      if (std::abs(number->get<double>()) < 1e15
          && static_cast<double>(whole) == number->get<double>())
        return whole;
      return *number;
    }
  }
  return std::string(text);
}

} // namespace troupe::codec
