// A whole document through simdjson, within the limits of a body. For sources of config/codec only:
// the header of simdjson is large.
#pragma once

#include "config/base/result.hpp"

#include <simdjson.h>
#include <string_view>

namespace troupe::codec {

class dom_reader {
public:
  /// The root of the valid text; lives until the next read or the reader's end.
  result<simdjson::dom::element> read(std::string_view text);
  /// As read, for texts of our own, of any length.
  result<simdjson::dom::element> read_own(std::string_view text);

private:
  result<simdjson::dom::element> parse(std::string_view text);
  simdjson::dom::parser parser_;
};

} // namespace troupe::codec
