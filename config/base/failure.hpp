// Why something was not done: one enum that maps one to one to Kubernetes' StatusReason and HTTP
// code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A new reason only if some caller acts differently on it.
enum class reason : std::uint8_t {
  bad_request,            // 400 BadRequest
  unauthorized,           // 401 Unauthorized
  forbidden,              // 403 Forbidden
  not_found,              // 404 NotFound
  method_not_allowed,     // 405 MethodNotAllowed
  not_acceptable,         // 406 NotAcceptable
  already_exists,         // 409 AlreadyExists
  conflict,               // 409 Conflict
  gone,                   // 410 Gone
  expired,                // 410 Expired: the version was compacted
  too_large,              // 413 RequestEntityTooLarge
  unsupported_media_type, // 415 UnsupportedMediaType
  invalid,                // 422 Invalid, with causes per field
  too_many_requests,      // 429 TooManyRequests: overloaded, try again
  internal,               // 500 InternalError
  unavailable,  // 503 ServiceUnavailable: no leader, not started, shutting down; nothing was done
  timeout,      // 504 Timeout: the outcome is unknown
  storage_full, // 507 InsufficientStorage: the store is read-only for want of room; nothing was
                // done
};

/// One field's part in a failure (Kubernetes' StatusCause).
struct cause {
  std::string field; // path as in `spec.containers[0].name`
  std::string type;  // FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, ...
  std::string message;
  bool operator==(const cause&) const = default;
};

/// Message: lower case, no full stop; says what was attempted on which object.
struct failure {
  troupe::reason reason = reason::internal;
  std::string message;
  std::vector<cause> causes;
  std::uint32_t retry_after_seconds = 0; // 0: no advice
  bool operator==(const failure&) const = default;
};

/// The failure of a file or system call: `what` was tried, then the text of `error_number` (errno).
failure system_failure(std::string_view what, int error_number);

std::string_view status_reason(reason r); // as in Status.reason: "NotFound"
int http_code(reason r);                  // 404
/// The reason of an HTTP answer of another server; `text` is its Status.reason if known.
reason reason_of(int http_code, std::string_view text = {});

} // namespace troupe
