// What the two ends of a link's connection say: a greeting each, then frames. Pure.
//
// Greeting (22 bytes): "TRPL", version, lane, token. The dialler names the lane and a token that
// both lanes of the link share; the other side answers with the same once it has both. Frame:
// length (32 bits, big-endian), then so many bytes.
#pragma once

#include "actors/kernel/transport.hpp"

#include <array>
#include <string>
#include <string_view>

namespace troupe::kernel {

inline constexpr std::uint8_t link_version = 1;

struct greeting {
  static constexpr std::size_t size = 22;
  using token_type = std::array<char, 16>;

  lane on = lane::control;
  token_type token{};
  bool operator==(const greeting&) const = default;
};

std::string encode(const greeting& what);
/// Of exactly greeting::size bytes. Fails on another protocol or version.
result<greeting> decode_greeting(std::string_view bytes);

std::array<char, 4> frame_head(std::size_t length);

/// Cuts a stream of bytes into frames. A length beyond the limit fails before anything is allocated
/// for it.
class frame_reader {
public:
  explicit frame_reader(std::size_t max = max_frame) : max_(max) {}

  /// Calls deliver(std::string) for each frame that is whole now; it returns false to stop at once.
  template <class Deliver> result<void> feed(std::string_view bytes, Deliver&& deliver) {
    while (!bytes.empty()) {
      CHECK_RETURN(take(bytes));
      if (whole() && !deliver(finish()))
        break;
    }
    return {};
  }

private:
  result<void> take(std::string_view& bytes);
  bool whole() const { return head_used_ == head_.size() && body_.size() == length_; }
  std::string finish();

  std::size_t max_;
  std::array<char, 4> head_{};
  std::size_t head_used_ = 0;
  std::size_t length_ = 0;
  std::string body_;
};

} // namespace troupe::kernel
