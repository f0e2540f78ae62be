#include "actors/kernel/errors.hpp"

#include "actors/kernel/inspect.hpp"

#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace troupe::kernel {
namespace {

constexpr auto category = caf::atom("troupe");

failure of_system(caf::sec code, std::string text) {
  switch (code) {
  case caf::sec::request_timeout:
    return {.reason = reason::timeout, .message = "no answer within the deadline"};
  case caf::sec::request_receiver_down:
    return {.reason = reason::unavailable, .message = "the actor asked has ended"};
  case caf::sec::unexpected_message:
    return {.reason = reason::bad_request, .message = "the actor does not understand the message"};
  default: return {.reason = reason::internal, .message = std::move(text)};
  }
}

} // namespace

caf::error to_error(failure why) {
  auto code = static_cast<std::uint8_t>(static_cast<std::uint8_t>(why.reason) + 1); // 0 is no error
  return {code, category, caf::make_message(std::move(why))};
}

failure to_failure(const caf::error& why) {
  if (!why)
    return {.reason = reason::unavailable, .message = "the actor asked has ended"};
  if (why.category() == category && why.context().size() == 1
      && why.context().match_element<failure>(0))
    return why.context().get_as<failure>(0);
  if (why.category() == caf::atom("system"))
    return of_system(static_cast<caf::sec>(why.code()), to_string(why));
  if (why.category() == caf::atom("exit")) {
    auto text = to_string(static_cast<caf::exit_reason>(why.code()));
    return {.reason = reason::unavailable, .message = "the actor has ended: " + text};
  }
  return {.reason = reason::internal, .message = to_string(why)};
}

} // namespace troupe::kernel
