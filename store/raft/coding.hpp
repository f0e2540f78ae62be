// Little-endian base-128 numbers and counted strings, for letters and configurations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::raft {

class byte_writer {
public:
  explicit byte_writer(std::string& out) : out_(out) {}
  void byte(std::uint8_t b) { out_.push_back(static_cast<char>(b)); }
  void number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7)
      byte(static_cast<std::uint8_t>(n | 0x80));
    byte(static_cast<std::uint8_t>(n));
  }
  template <class Id> void id(Id v) { number(static_cast<std::uint64_t>(v)); }
  void text(std::string_view s) {
    number(s.size());
    out_.append(s);
  }

private:
  std::string& out_;
};

/// Reads what byte_writer wrote. After the first thing that is not there, ok() is false and
/// everything read is zero or empty.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  std::uint8_t byte() {
    if (rest_.empty()) {
      fail();
      return 0;
    }
    auto b = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return b;
  }
  /// One encoding per number: no more bytes than needed.
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto b = byte();
      n |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b & 0x80)
        continue;
      if ((b == 0 && shift > 0) || (shift == 63 && b > 1))
        break;
      return ok_ ? n : 0;
    }
    fail();
    return 0;
  }
  template <class Id> Id id() { return static_cast<Id>(number()); }
  bool flag() {
    auto b = byte();
    if (b > 1)
      fail();
    return b == 1;
  }
  std::string_view text() {
    auto n = number();
    if (n > rest_.size()) {
      fail();
      return {};
    }
    auto s = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return s;
  }

private:
  std::string_view rest_;
  bool ok_ = true;
};

} // namespace troupe::raft
