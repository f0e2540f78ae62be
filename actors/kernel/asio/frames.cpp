#include "actors/kernel/asio/frames.hpp"

#include <algorithm>

namespace troupe::kernel {
namespace {

constexpr std::string_view magic = "TRPL";

} // namespace

std::string encode(const greeting& what) {
  std::string out{magic};
  out += static_cast<char>(link_version);
  out += static_cast<char>(what.on);
  out.append(what.token.data(), what.token.size());
  return out;
}

result<greeting> decode_greeting(std::string_view bytes) {
  if (bytes.size() != greeting::size || !bytes.starts_with(magic))
    return failure{.reason = reason::bad_request, .message = "the peer does not speak as a link"};
  if (bytes[4] != static_cast<char>(link_version))
    return failure{.reason = reason::bad_request,
                   .message = "the peer speaks version " + std::to_string(bytes[4])
                              + " of the link protocol, not " + std::to_string(link_version)};
  if (bytes[5] != static_cast<char>(lane::control) && bytes[5] != static_cast<char>(lane::bulk))
    return failure{.reason = reason::bad_request, .message = "the peer names an unknown lane"};
  greeting out{.on = static_cast<lane>(bytes[5])};
  std::copy_n(bytes.data() + 6, out.token.size(), out.token.begin());
  return out;
}

std::array<char, 4> frame_head(std::size_t length) {
  return {static_cast<char>(length >> 24), static_cast<char>(length >> 16),
          static_cast<char>(length >> 8), static_cast<char>(length)};
}

result<void> frame_reader::take(std::string_view& bytes) {
  if (head_used_ < head_.size()) {
    auto n = std::min(head_.size() - head_used_, bytes.size());
    std::copy_n(bytes.data(), n, head_.data() + head_used_);
    head_used_ += n;
    bytes.remove_prefix(n);
    if (head_used_ < head_.size())
      return {};
    length_ = 0;
    for (char c : head_)
      length_ = length_ << 8 | static_cast<unsigned char>(c);
    if (length_ > max_)
      return failure{.reason = reason::too_large,
                     .message =
                       "the peer announced a frame of " + std::to_string(length_) + " bytes"};
    body_.reserve(length_);
  }
  auto n = std::min(length_ - body_.size(), bytes.size());
  body_.append(bytes.substr(0, n));
  bytes.remove_prefix(n);
  return {};
}

std::string frame_reader::finish() {
  head_used_ = 0;
  return std::exchange(body_, {});
}

} // namespace troupe::kernel
