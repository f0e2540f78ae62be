#include "config/base/result.hpp"

#include <doctest/doctest.h>

#include <string>

namespace troupe {
namespace {

result<int> digits(std::string_view text) {
  int sum = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return failure{.reason = reason::invalid, .message = "not a number"};
    sum = sum * 10 + (c - '0');
  }
  return sum;
}

result<std::string> doubled(std::string_view text) {
  OR_RETURN(auto n, digits(text));
  return std::to_string(2 * n);
}

result<void> check(std::string_view text) {
  OR_RETURN([[maybe_unused]] auto n, digits(text));
  return {};
}

result<int> checked(std::string_view text) {
  CHECK_RETURN(check(text));
  return 1;
}

TEST_CASE("result: OR_RETURN hands on the value or the failure") {
  CHECK(*doubled("21") == "42");
  CHECK(doubled("x").error().reason == reason::invalid);
}

TEST_CASE("result: CHECK_RETURN stops at the first failure") {
  CHECK(checked("1").has_value());
  CHECK(checked("x").error().message == "not a number");
}

TEST_CASE("result: taking the value of a failure breaks an invariant") {
  auto r = digits("x");
  CHECK_THROWS_AS((void)r.value(), broken_invariant);
}

TEST_CASE("failure: every reason maps to its Kubernetes name and code and back") {
  for (int i = 0; i <= static_cast<int>(reason::timeout); ++i) {
    auto r = static_cast<reason>(i);
    CHECK(reason_of(http_code(r), status_reason(r)) == r);
  }
  CHECK(http_code(reason::expired) == 410);
  CHECK(reason_of(409) == reason::already_exists);
}

} // namespace
} // namespace troupe
