// A value or the reason why there is none; shaped like std::expected so that it can become it.
//
//   result<int> parse(std::string_view text);
//   result<void> use(std::string_view text) {
//     OR_RETURN(auto number, parse(text));
//     return store(number);
//   }
#pragma once

#include "config/base/failure.hpp"
#include "config/base/invariant.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace troupe {

template <class T> class [[nodiscard]] result {
public:
  using value_type = T;

  result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  result(failure why) : held_(std::in_place_index<1>, std::move(why)) {}

  bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Requires has_value().
  T& value() & {
    invariant(has_value(), "the value of a failed result was taken");
    return *std::get_if<0>(&held_);
  }
  const T& value() const& {
    invariant(has_value(), "the value of a failed result was taken");
    return *std::get_if<0>(&held_);
  }
  T&& value() && { return std::move(value()); }
  T value_or(T other) const& { return has_value() ? value() : std::move(other); }

  /// Requires !has_value().
  const failure& error() const& {
    invariant(!has_value(), "the failure of a good result was taken");
    return *std::get_if<1>(&held_);
  }
  failure&& error() && {
    invariant(!has_value(), "the failure of a good result was taken");
    return std::move(*std::get_if<1>(&held_));
  }

private:
  std::variant<T, failure> held_;
};

template <> class [[nodiscard]] result<void> {
public:
  using value_type = void;

  result() = default;
  result(failure why) : why_(std::move(why)) {}

  bool has_value() const noexcept { return !why_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const { invariant(has_value(), "the value of a failed result was taken"); }
  const failure& error() const& {
    invariant(!has_value(), "the failure of a good result was taken");
    return *why_;
  }
  failure&& error() && {
    invariant(!has_value(), "the failure of a good result was taken");
    return std::move(*why_);
  }

private:
  std::optional<failure> why_;
};

} // namespace troupe

#define TROUPE_JOIN_(a, b) a##b
#define TROUPE_JOIN(a, b) TROUPE_JOIN_(a, b)
#define TROUPE_OR_RETURN_(tmp, declaration, ...)                                                   \
  auto tmp = (__VA_ARGS__);                                                                        \
  if (!tmp)                                                                                        \
    return std::move(tmp).error();                                                                 \
  declaration = std::move(tmp).value()

/// Declares or assigns the value of a result, or returns its failure from the function.
#define OR_RETURN(declaration, ...)                                                                \
  TROUPE_OR_RETURN_(TROUPE_JOIN(or_return_, __LINE__), declaration, __VA_ARGS__)

/// Returns the failure of a result<void> from the function, if it has one.
#define CHECK_RETURN(...)                                                                          \
  if (auto check_return_result = (__VA_ARGS__); !check_return_result)                              \
  return std::move(check_return_result).error()
