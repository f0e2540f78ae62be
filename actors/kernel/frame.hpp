// What a link's frames say: bytes in, values out; no CAF.
//
//   version u8 | kind u8 | correlation u64 | cause u64 | portal u8+bytes | type u8+bytes | payload
//
// Integers are little endian. A process refuses versions that it does not know.
#pragma once

#include "config/base/ids.hpp"
#include "config/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::kernel {

struct frame {
  static constexpr std::uint8_t version = 1;
  enum class kind : std::uint8_t {
    tell,   // portal, type, payload
    ask,    // portal, type, payload, correlation
    answer, // type, payload, correlation of the ask
    failed, // payload (a failure), correlation of the ask
    grant,  // portal; correlation is the number of further tells
    ping,   // says nothing but that the peer lives
  };
  kind what = kind::ping;
  std::uint64_t correlation = 0;
  cause_id cause{};
  std::string_view portal; // at most 255 bytes
  std::string_view type;   // at most 255 bytes
  std::string_view payload;
};

/// The bytes of a frame without its payload, which is appended by the caller.
std::string encode_head(const frame& f);
/// The views point into `bytes`. Fails with bad_request on anything malformed.
result<frame> decode_frame(std::string_view bytes);

} // namespace troupe::kernel
