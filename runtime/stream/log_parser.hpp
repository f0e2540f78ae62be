// Container log files in CRI's format, as pure functions: `TIME STREAM TAG TEXT`, where the tag P
// says that the line goes on.
#pragma once

#include "config/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::stream {

/// What of a log is wanted (PodLogOptions).
struct log_options {
  std::optional<std::uint64_t> tail;  // the last so many lines
  std::optional<instant> since;       // nothing older
  std::optional<std::uint64_t> limit; // bytes at most
  bool timestamps = false;            // before every line
  bool follow = false;
  bool operator==(const log_options&) const = default;
};

struct log_line {
  std::string_view time; // as written
  bool error = false;    // of stderr
  bool partial = false;
  std::string_view text; // with its line break, unless partial
};

/// One line of the file, its line break included; nothing when it is not in that format.
std::optional<log_line> parse_line(std::string_view line);

/// Nanoseconds since the epoch of an RFC 3339 time with fraction and any offset.
std::optional<instant> parse_log_time(std::string_view text);

/// Turns the bytes of a file into what a reader of the log sees. Bytes may come in any pieces.
class log_filter {
public:
  explicit log_filter(log_options wanted) : wanted_(wanted), left_(wanted.limit) {}

  /// Appends to `out` what these bytes show. False: the limit is reached, nothing more will come.
  bool feed(std::string_view bytes, std::string& out);
  bool full() const { return left_ == 0; }

private:
  bool take(std::string_view line, std::string& out);
  bool give(std::string_view text, std::string& out);

  log_options wanted_;
  std::optional<std::uint64_t> left_;
  std::string rest_;       // of a line that is not complete yet
  bool continues_ = false; // the line before was partial: no new timestamp
  bool begun_ = false;     // `since` has been reached
};

/// Where the last `lines` lines begin in `bytes`; a line that is still being written counts.
std::size_t tail_offset(std::string_view bytes, std::uint64_t lines);

} // namespace troupe::stream
