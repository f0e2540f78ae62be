// `inspect` of the vocabulary types that messages carry over links, and of what CAF's own
// serializer lacks: optional<T>, shared_bytes and variants, by wrapping the field:
//
//   return f(caf::meta::type_name("api.request"), m.name, field(m.limit), field(m.body));
#pragma once

#include "config/base/bytes.hpp"
#include "config/base/failure.hpp"

#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace troupe {

template <class F>
auto inspect(F& f, cause& m) {
  return f(caf::meta::type_name("cause"), m.field, m.type, m.message);
}
template <class F>
auto inspect(F& f, failure& m) {
  return f(caf::meta::type_name("failure"), m.reason, m.message, m.causes, m.retry_after_seconds);
}

} // namespace troupe
