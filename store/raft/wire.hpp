// Letters as bytes: version 1, little varints, bounds checked. The frame around them is the link's.
#pragma once

#include "store/raft/letter.hpp"

namespace troupe::raft {

std::string encode(const letter& l);

/// Never throws. Fails with bad_request on anything that `encode` does not produce, with a message
/// that says where; entries of an append must be consecutive behind `before`, their terms must not
/// decrease.
result<letter> decode(std::string_view bytes);

} // namespace troupe::raft
