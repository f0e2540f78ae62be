// Asks from outside of the actors, on virtual time, with a deadline.
#pragma once

#include "actors/kernel/outside.hpp"
#include "actors/kernel/simulation.hpp"

namespace troupe::sim {

/// `then` runs once, between two messages: with the answer, or with timeout after `deadline`.
template <class Handle, class Q>
void ask(kernel::simulation& world, const Handle& who, Q question, duration deadline,
         std::function<void(result<kernel::answer_of<Handle, Q>>)> then) {
  using answer = result<kernel::answer_of<Handle, Q>>;
  auto waiting = std::make_shared<std::function<void(answer)>>(std::move(then));
  auto finish = [waiting, &world](answer a) {
    auto f = std::exchange(*waiting, nullptr);
    if (f)
      world.after(0ns, [f = std::move(f), a = std::move(a)] { f(a); });
  };
  kernel::ask_outside(
    world.system(), caf::actor_cast<caf::strong_actor_ptr>(who),
    caf::make_message(std::move(question)), [finish](caf::type_erased_tuple* content, failure why) {
      finish(kernel::detail::take_answer<kernel::answer_of<Handle, Q>>(content, std::move(why)));
    });
  world.after(deadline, [finish] {
    finish(failure{.reason = reason::timeout, .message = "no answer within the deadline"});
  });
}

} // namespace troupe::sim
