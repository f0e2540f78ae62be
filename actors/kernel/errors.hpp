// Failures as answers: a `failure` inside CAF is a caf::error of category "troupe" and back.
#pragma once

#include "actors/kernel/protocol.hpp"
#include "config/base/result.hpp"

#include <caf/error.hpp>

namespace troupe::kernel {

caf::error to_error(failure why);

/// Any caf::error as a failure. CAF's own become: request_timeout -> timeout (outcome unknown);
/// receiver down -> unavailable; unexpected message -> bad_request; anything else -> internal.
failure to_failure(const caf::error& why);

template <class A> reply<A> answer(result<A> r) {
  if (r)
    return std::move(r).value();
  return to_error(std::move(r).error());
}
inline reply<done> answer(result<void> r) {
  if (r)
    return done{};
  return to_error(std::move(r).error());
}
inline caf::error answer(failure why) { return to_error(std::move(why)); }

} // namespace troupe::kernel
