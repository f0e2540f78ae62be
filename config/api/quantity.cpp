#include "config/api/quantity.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace troupe::api {
namespace {

using wide = quantity::wide;

constexpr wide nano_per_unit = 1'000'000'000;
constexpr wide most = static_cast<wide>(std::numeric_limits<std::int64_t>::max()) * nano_per_unit;

struct suffix {
  std::string_view text;
  int power; // of 10, or of 1024
};
constexpr std::array<suffix, 10> decimal_suffixes{{{"n", -9},
                                                   {"u", -6},
                                                   {"m", -3},
                                                   {"", 0},
                                                   {"k", 3},
                                                   {"M", 6},
                                                   {"G", 9},
                                                   {"T", 12},
                                                   {"P", 15},
                                                   {"E", 18}}};
constexpr std::array<suffix, 6> binary_suffixes{
  {{"Ki", 1}, {"Mi", 2}, {"Gi", 3}, {"Ti", 4}, {"Pi", 5}, {"Ei", 6}}};

failure malformed() {
  return {.reason = reason::bad_request,
          .message = "quantities must match the regular expression "
                     "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"};
}

/// a * b, cut to `most`.
wide multiply_cut(wide a, wide b) {
  wide out = 0;
  return __builtin_mul_overflow(a, b, &out) || out > most ? most : out;
}

struct magnitude {
  int power_of_ten = 0;
  int power_of_1024 = 0;
  quantity::form how = quantity::form::decimal_si;
};

result<magnitude> read_suffix(std::string_view text) {
  for (const auto& s : decimal_suffixes)
    if (s.text == text)
      return magnitude{s.power, 0, quantity::form::decimal_si};
  for (const auto& s : binary_suffixes)
    if (s.text == text)
      return magnitude{0, s.power, quantity::form::binary_si};
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E'))
    return malformed();
  auto digits = text.substr(1);
  auto minus = digits[0] == '-';
  if (digits[0] == '-' || digits[0] == '+')
    digits.remove_prefix(1);
  if (digits.empty() || digits.size() > 4)
    return malformed();
  int power = 0;
  for (char c : digits) {
    if (c < '0' || c > '9')
      return malformed();
    power = power * 10 + (c - '0');
  }
  return magnitude{minus ? -power : power, 0, quantity::form::decimal_exponent};
}

/// The digits `whole.fraction` times ten to `power`, as units of 10^-9: rounded up, cut.
wide scaled(std::string_view digits, int power) {
  // digits is the integer made of all digits; value = digits * 10^power, wanted in 10^-9 units
  int shift = power + 9;
  wide out = 0;
  std::size_t take = digits.size();
  bool rest = false;
  if (shift < 0) { // the last -shift digits fall below the resolution
    auto drop = std::min(digits.size(), static_cast<std::size_t>(-shift));
    rest = digits.substr(digits.size() - drop).find_first_not_of('0') != digits.npos;
    take -= drop;
  }
  for (char c : digits.substr(0, take)) {
    out = out * 10 + (c - '0');
    if (out > most)
      return most;
  }
  if (out != 0)
    for (int i = 0; i < shift && out < most; ++i)
      out = multiply_cut(out, 10);
  return std::min<wide>(out + (rest ? 1 : 0), most);
}

wide ceil_away(wide value, wide by) {
  auto q = value / by;
  auto r = value % by;
  return r == 0 ? q : q + (r > 0 ? 1 : -1);
}

/// The same for digits with `fraction` of them behind the point, times 1024 to `power`.
wide scaled_binary(std::string_view digits, std::size_t fraction, int power) {
  auto factor = static_cast<wide>(1) << (10 * power);
  wide whole = 0;
  for (char c : digits.substr(0, digits.size() - fraction)) {
    whole = whole * 10 + (c - '0');
    if (whole > most / nano_per_unit / factor)
      return most;
  }
  // 18 digits of fraction times 1024^6 still fit; what is beyond them is rounded up
  constexpr std::size_t precise = 18;
  auto behind = digits.substr(digits.size() - fraction);
  auto rest =
    behind.size() > precise && behind.substr(precise).find_first_not_of('0') != behind.npos;
  behind = behind.substr(0, precise);
  wide part = 0;
  for (char c : behind)
    part = part * 10 + (c - '0');
  part = part * factor + (rest ? 1 : 0);
  for (auto i = behind.size(); i < 9; ++i)
    part *= 10;
  wide divisor = 1;
  for (std::size_t i = 9; i < behind.size(); ++i)
    divisor *= 10;
  return std::min<wide>(whole * factor * nano_per_unit + ceil_away(part, divisor), most);
}

std::string digits_of(wide value) {
  if (value == 0)
    return "0";
  auto negative = value < 0;
  std::string out;
  for (; value != 0; value /= 10) {
    auto digit = static_cast<int>(value % 10);
    out += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  if (negative)
    out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

std::int64_t narrow(wide value) {
  constexpr auto low = static_cast<wide>(std::numeric_limits<std::int64_t>::min());
  constexpr auto high = static_cast<wide>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::clamp(value, low, high));
}

} // namespace

quantity quantity::of(std::int64_t units, form how) {
  return of_nano(static_cast<wide>(units) * nano_per_unit, how);
}
quantity quantity::of_milli(std::int64_t milli, form how) {
  return of_nano(static_cast<wide>(milli) * 1'000'000, how);
}
quantity quantity::of_nano(wide nano, form how) {
  quantity q;
  q.nano_ = std::clamp(nano, -most, most);
  q.how_ = how;
  return q;
}

result<quantity> quantity::parse(std::string_view text) {
  if (text.empty())
    return malformed();
  auto negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+')
    text.remove_prefix(1);
  std::string digits;
  int fraction = -1; // digits behind the point; -1: no point yet
  std::size_t at = 0;
  for (; at < text.size() && (text[at] == '.' || (text[at] >= '0' && text[at] <= '9')); ++at) {
    if (text[at] == '.') {
      if (fraction >= 0)
        return malformed();
      fraction = 0;
      continue;
    }
    digits += text[at];
    fraction += fraction >= 0;
  }
  if (digits.empty() || digits.size() > 1000)
    return malformed();
  OR_RETURN(auto size, read_suffix(text.substr(at)));
  quantity q;
  q.how_ = size.how;
  auto behind_point = std::max(fraction, 0);
  if (size.power_of_1024 == 0) {
    q.nano_ = scaled(digits, size.power_of_ten - behind_point);
  } else {
    q.nano_ = scaled_binary(digits, static_cast<std::size_t>(behind_point), size.power_of_1024);
  }
  if (negative)
    q.nano_ = -q.nano_;
  return q;
}

std::int64_t quantity::units() const { return narrow(ceil_away(nano_, nano_per_unit)); }
std::int64_t quantity::milli() const { return narrow(ceil_away(nano_, 1'000'000)); }
bool quantity::whole() const { return nano_ % nano_per_unit == 0; }

std::string quantity::text() const {
  if (nano_ == 0)
    return "0";
  auto small = nano_ > -1024 * nano_per_unit && nano_ < 1024 * nano_per_unit;
  if (how_ == form::binary_si && whole() && !small) {
    auto value = nano_ / nano_per_unit;
    std::size_t power = 0;
    for (; power < binary_suffixes.size() && value % 1024 == 0; ++power)
      value /= 1024;
    return digits_of(value) + (power == 0 ? "" : std::string{binary_suffixes[power - 1].text});
  }
  auto value = nano_;
  int power = -9;
  for (; power < 18 && value % 1000 == 0; power += 3)
    value /= 1000;
  if (how_ == form::decimal_exponent)
    return digits_of(value) + (power == 0 ? "" : "e" + std::to_string(power));
  return digits_of(value)
         + std::string{decimal_suffixes[static_cast<std::size_t>(power / 3 + 3)].text};
}

quantity& quantity::operator+=(const quantity& other) {
  if (nano_ == 0)
    how_ = other.how_; // as Kubernetes: a sum that starts at 0 takes the form of what is added
  nano_ = std::clamp(nano_ + other.nano_, -most, most);
  return *this;
}
quantity& quantity::operator-=(const quantity& other) {
  if (nano_ == 0)
    how_ = other.how_;
  nano_ = std::clamp(nano_ - other.nano_, -most, most);
  return *this;
}

} // namespace troupe::api
