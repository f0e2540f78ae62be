// Writing as a replica does.
#pragma once

#include "store/kv/engine.hpp"

#include <doctest/doctest.h>

namespace troupe::store {

/// A write that is refused because memory is full until a flush ends is done after it.
inline void write(engine& rows, const write_batch& batch) {
  auto done = rows.write(batch);
  while (!done && done.error().reason == reason::too_many_requests) {
    REQUIRE(rows.flush());
    done = rows.write(batch);
  }
  REQUIRE(done);
}

} // namespace troupe::store
