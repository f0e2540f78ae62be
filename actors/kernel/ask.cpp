#include "actors/kernel/ask.hpp"

#include "actors/kernel/trace.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>

namespace troupe::kernel::detail {

return_address::~return_address() {
  if (open())
    fail({.reason = reason::unavailable, .message = "the question was dropped unanswered"});
}

void return_address::send(caf::message content) {
  auto asker = std::move(asker_);
  asker_ = nullptr;
  auto under = raw(trace::current_cause()) != 0 ? trace::current_cause() : cause_;
  trace::scope scope{under};
  asker->enqueue(caf::make_mailbox_element(nullptr, response_, {}, std::move(content)), nullptr);
}

void return_address::fail(failure why) { send(caf::make_message(to_error(std::move(why)))); }

} // namespace troupe::kernel::detail
