#include "config/base/failure.hpp"

#include <array>
#include <system_error>

namespace troupe {
namespace {

struct row {
  std::string_view name;
  int code;
};

// In the order of the enum.
constexpr std::array rows = {
  row{"BadRequest", 400},
  row{"Unauthorized", 401},
  row{"Forbidden", 403},
  row{"NotFound", 404},
  row{"MethodNotAllowed", 405},
  row{"NotAcceptable", 406},
  row{"AlreadyExists", 409},
  row{"Conflict", 409},
  row{"Gone", 410},
  row{"Expired", 410},
  row{"RequestEntityTooLarge", 413},
  row{"UnsupportedMediaType", 415},
  row{"Invalid", 422},
  row{"TooManyRequests", 429},
  row{"InternalError", 500},
  row{"ServiceUnavailable", 503},
  row{"Timeout", 504},
  row{"InsufficientStorage", 507},
};
static_assert(rows.size() == static_cast<std::size_t>(reason::storage_full) + 1);

} // namespace

failure system_failure(std::string_view what, int error_number) {
  return {.reason = reason::internal,
          .message = std::string{what} + ": " + std::generic_category().message(error_number)};
}

std::string_view status_reason(reason r) { return rows[static_cast<std::size_t>(r)].name; }

int http_code(reason r) { return rows[static_cast<std::size_t>(r)].code; }

reason reason_of(int http_code, std::string_view text) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].name == text)
      return static_cast<reason>(i);
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].code == http_code)
      return static_cast<reason>(i);
  return reason::internal;
}

} // namespace troupe
