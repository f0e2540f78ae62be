// Amounts of resources: "500m", "1Gi", "1e3". Exact fixed point in 128 bits.
#pragma once

#include "config/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::api {

/// A resource.Quantity. Resolution one billionth; finer input is rounded up, away from zero, as
/// Kubernetes does; amounts beyond 2^63-1 are cut to it.
class quantity {
public:
  using wide = __int128;
  enum class form : std::uint8_t { decimal_si, binary_si, decimal_exponent };

  quantity() = default;
  static quantity of(std::int64_t units, form how = form::decimal_si);
  static quantity of_milli(std::int64_t milli, form how = form::decimal_si);
  static quantity of_nano(wide nano, form how = form::decimal_si);
  /// Fails with bad_request in Kubernetes' words.
  static result<quantity> parse(std::string_view text);

  wide nano() const { return nano_; }
  /// Rounded up (away from zero); cut to the range of int64.
  std::int64_t units() const;
  std::int64_t milli() const;
  form how() const { return how_; }
  bool zero() const { return nano_ == 0; }
  bool negative() const { return nano_ < 0; }
  bool whole() const;

  /// Canonical: no fraction, the largest fitting suffix.
  std::string text() const;

  quantity& operator+=(const quantity& other);
  quantity& operator-=(const quantity& other);
  friend quantity operator+(quantity a, const quantity& b) { return a += b; }
  friend quantity operator-(quantity a, const quantity& b) { return a -= b; }
  /// By amount; the form does not count.
  friend bool operator==(const quantity& a, const quantity& b) { return a.nano_ == b.nano_; }
  friend std::strong_ordering operator<=>(const quantity& a, const quantity& b) {
    return a.nano_ < b.nano_   ? std::strong_ordering::less
           : a.nano_ > b.nano_ ? std::strong_ordering::greater
                               : std::strong_ordering::equal;
  }

private:
  wide nano_ = 0;
  form how_ = form::decimal_si;
};

} // namespace troupe::api
