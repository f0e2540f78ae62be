// RFC 3339 in UTC, read and written without locale or allocation beyond the result.
#include "config/api/object.hpp"

#include <array>
#include <cstdio>

namespace troupe::api {

namespace {

using days = std::chrono::sys_days;

struct fields {
  std::chrono::year_month_day date;
  std::int64_t second_of_day = 0;
  std::int64_t nanos = 0;
};

fields split(instant t) {
  auto day = std::chrono::floor<std::chrono::days>(t);
  auto rest = t - day;
  auto seconds = std::chrono::floor<std::chrono::seconds>(rest);
  return {std::chrono::year_month_day(day), seconds.count(), (rest - seconds).count()};
}

void append_digits(std::string& out, std::int64_t value, int width) {
  std::array<char, 20> digits{};
  auto length =
    std::snprintf(digits.data(), digits.size(), "%0*lld", width, static_cast<long long>(value));
  out.append(digits.data(), static_cast<std::size_t>(length));
}

std::string head(const fields& f) {
  std::string out;
  out.reserve(32);
  append_digits(out, static_cast<int>(f.date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(f.date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(f.date.day()), 2);
  out += 'T';
  append_digits(out, f.second_of_day / 3600, 2);
  out += ':';
  append_digits(out, f.second_of_day / 60 % 60, 2);
  out += ':';
  append_digits(out, f.second_of_day % 60, 2);
  return out;
}

/// Takes characters off the front of a text; `good` turns false at the first that does not fit.
struct reader {
  std::string_view rest;
  bool good = true;

  std::int64_t digits(std::size_t count) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < count && good; ++i) {
      good = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
      if (good) {
        value = value * 10 + (rest.front() - '0');
        rest.remove_prefix(1);
      }
    }
    return value;
  }
  bool take(char wanted) {
    if (rest.empty() || rest.front() != wanted)
      return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char wanted) { good = good && take(wanted); }

  /// `.123`, of which nine digits count.
  std::int64_t fraction() {
    if (!good || !take('.'))
      return 0;
    std::int64_t nanos = 0;
    std::int64_t unit = 100'000'000;
    auto before = rest.size();
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1)) {
      nanos += unit * (rest.front() - '0');
      unit /= 10;
    }
    good = rest.size() != before;
    return nanos;
  }

  /// Seconds east of UTC.
  std::int64_t offset() {
    if (!good || take('Z'))
      return 0;
    auto sign = take('-') ? -1 : 1;
    if (sign == 1)
      expect('+');
    auto hours = digits(2);
    expect(':');
    auto minutes = digits(2);
    good = good && hours < 24 && minutes < 60;
    return sign * (hours * 3600 + minutes * 60);
  }
};

} // namespace

std::string format_time(instant t) { return head(split(t)) + 'Z'; }

std::string format_micro_time(instant t) {
  auto f = split(t);
  auto out = head(f) + '.';
  append_digits(out, f.nanos / 1000, 6);
  return out + 'Z';
}

result<instant> parse_time(std::string_view text) {
  reader in{text};
  auto year = in.digits(4);
  in.expect('-');
  auto month = in.digits(2);
  in.expect('-');
  auto day = in.digits(2);
  in.expect('T');
  auto hour = in.digits(2);
  in.expect(':');
  auto minute = in.digits(2);
  in.expect(':');
  auto second = in.digits(2);
  auto nanos = in.fraction();
  auto east = in.offset();
  std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day)));
  // Nanoseconds since 1970 in 64 bits reach from 1677 to 2262.
  if (!in.good || !in.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59
      || year < 1678 || year > 2261)
    return failure{reason::bad_request,
                   "reading \"" + std::string(text) + "\" as an RFC 3339 time"};
  auto seconds = hour * 3600 + minute * 60 + second - east;
  return instant(days(date)) + std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos);
}

} // namespace troupe::api
