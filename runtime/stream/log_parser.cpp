#include "runtime/stream/log_parser.hpp"

#include <charconv>

namespace troupe::stream {

namespace {

/// The text up to the next space, which is taken too.
std::optional<std::string_view> word(std::string_view& from) {
  auto space = from.find(' ');
  if (space == std::string_view::npos)
    return std::nullopt;
  auto out = from.substr(0, space);
  from.remove_prefix(space + 1);
  return out;
}

bool number(std::string_view text, std::size_t at, std::size_t length, int& out) {
  if (at + length > text.size())
    return false;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + at + length, out);
  return error == std::errc() && end == text.data() + at + length;
}

} // namespace

std::optional<log_line> parse_line(std::string_view line) {
  auto rest = line;
  auto time = word(rest);
  auto stream = word(rest);
  auto tag = word(rest);
  if (!time || !stream || !tag || (*stream != "stdout" && *stream != "stderr"))
    return std::nullopt;
  log_line out{*time, *stream == "stderr", *tag == "P" || tag->starts_with("P:"), rest};
  if (out.partial && out.text.ends_with('\n'))
    out.text.remove_suffix(1); // the file's, not the program's
  return out;
}

std::optional<instant> parse_log_time(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  auto good = number(text, 0, 4, year) && number(text, 5, 2, month) && number(text, 8, 2, day)
              && number(text, 11, 2, hour) && number(text, 14, 2, minute)
              && number(text, 17, 2, second);
  if (!good)
    return std::nullopt;
  std::size_t at = 19;
  std::int64_t nanoseconds = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      nanoseconds += (text[at] - '0') * unit;
  }
  auto offset = duration(0);
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    int hours = 0;
    int minutes = 0;
    if (!number(text, at + 1, 2, hours) || !number(text, at + 4, 2, minutes))
      return std::nullopt;
    offset =
      (text[at] == '-' ? -1 : 1) * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
  }
  using namespace std::chrono;
  auto date = sys_days(std::chrono::year(year) / month / day);
  return instant(date.time_since_epoch() + hours(hour) + minutes(minute) + seconds(second)
                 + std::chrono::nanoseconds(nanoseconds) - offset);
}

bool log_filter::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
      rest_ += bytes;
      return !full();
    }
    auto line = bytes.substr(0, end + 1);
    bytes.remove_prefix(end + 1);
    if (rest_.empty()) {
      if (!take(line, out))
        return false;
    } else {
      rest_ += line;
      auto whole = std::move(rest_);
      rest_.clear();
      if (!take(whole, out))
        return false;
    }
  }
  return !full();
}

bool log_filter::take(std::string_view line, std::string& out) {
  auto parsed = parse_line(line);
  if (!parsed)
    return !full(); // torn by a crash of the runtime: skipped
  if (wanted_.since && !begun_) {
    auto time = parse_log_time(parsed->time);
    if (!time || *time < *wanted_.since)
      return !full();
    begun_ = true;
  }
  auto stamp = wanted_.timestamps && !continues_;
  continues_ = parsed->partial;
  if (stamp && (!give(parsed->time, out) || !give(" ", out)))
    return false;
  return give(parsed->text, out);
}

bool log_filter::give(std::string_view text, std::string& out) {
  if (!left_) {
    out += text;
    return true;
  }
  out += text.substr(0, *left_);
  *left_ -= std::min<std::uint64_t>(*left_, text.size());
  return *left_ > 0;
}

std::size_t tail_offset(std::string_view bytes, std::uint64_t lines) {
  if (lines == 0)
    return bytes.size();
  auto at = bytes.size();
  if (at > 0 && bytes[at - 1] == '\n')
    --at;
  while (at > 0) {
    auto newline = bytes.rfind('\n', at - 1);
    if (newline == std::string_view::npos)
      return 0;
    // A partial line belongs to the one after it.
    auto start = bytes.rfind('\n', newline == 0 ? 0 : newline - 1);
    auto before =
      bytes.substr(start == std::string_view::npos || newline == 0 ? 0 : start + 1,
                   newline - (start == std::string_view::npos || newline == 0 ? 0 : start + 1));
    auto parsed = parse_line(before);
    at = newline;
    if (parsed && parsed->partial)
      continue;
    if (--lines == 0)
      return newline + 1;
  }
  return 0;
}

} // namespace troupe::stream
