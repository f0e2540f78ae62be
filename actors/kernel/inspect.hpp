// `inspect` of the vocabulary types that messages carry over links, and of what CAF's serializer
// lacks (optional, variant, shared_bytes), by wrapping the field:
//
//   return f(caf::meta::type_name("api.request"), m.name, field(m.limit), field(m.body));
#pragma once

#include "actors/kernel/transport.hpp"
#include "config/base/bytes.hpp"
#include "config/base/failure.hpp"

#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace troupe {

template <class F> auto inspect(F& f, cause& m) {
  return f(caf::meta::type_name("cause"), m.field, m.type, m.message);
}
template <class F> auto inspect(F& f, failure& m) {
  return f(caf::meta::type_name("failure"), m.reason, m.message, m.causes, m.retry_after_seconds);
}

namespace kernel {

template <class F> auto inspect(F& f, identity& m) {
  return f(caf::meta::type_name("kernel.identity"), m.name, m.role);
}

/// A reference to a field that knows how to be inspected.
template <class T> struct field {
  explicit field(T& target) : of(&target) {}
  T* of;
};

namespace detail {

template <class F, class T, std::size_t I = 0>
caf::error load_alternative(F& f, T& into, std::size_t index) {
  if constexpr (I == std::variant_size_v<T>) {
    return caf::sec::unknown_type;
  } else {
    if (index != I)
      return load_alternative<F, T, I + 1>(f, into, index);
    std::variant_alternative_t<I, T> value{};
    if (auto why = f(value))
      return why;
    into.template emplace<I>(std::move(value));
    return caf::none;
  }
}

} // namespace detail

template <class F, class T>
auto inspect(F& f, field<std::optional<T>>& m) -> typename F::result_type {
  if constexpr (F::reads_state) {
    bool there = m.of->has_value();
    if (!there)
      return f(there);
    return f(there, **m.of);
  } else {
    bool there = false;
    if (auto why = f(there); why || !there) {
      m.of->reset();
      return why;
    }
    return f(m.of->emplace());
  }
}

template <class F> auto inspect(F& f, field<shared_bytes>& m) -> typename F::result_type {
  if constexpr (F::reads_state) {
    bool there = *m.of != nullptr;
    if (!there)
      return f(there);
    return f(there, const_cast<std::string&>(**m.of)); // NOLINT: inspect takes T&, saving reads
  } else {
    bool there = false;
    if (auto why = f(there); why || !there) {
      m.of->reset();
      return why;
    }
    std::string bytes;
    auto why = f(bytes);
    *m.of = share(std::move(bytes));
    return why;
  }
}

template <class F, class... Ts>
auto inspect(F& f, field<std::variant<Ts...>>& m) -> typename F::result_type {
  if constexpr (F::reads_state) {
    auto index = static_cast<std::uint8_t>(m.of->index());
    return std::visit([&](auto& value) { return f(index, value); }, *m.of);
  } else {
    std::uint8_t index = 0;
    if (auto why = f(index))
      return why;
    return detail::load_alternative(f, *m.of, index);
  }
}

} // namespace kernel
} // namespace troupe
