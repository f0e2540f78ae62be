// Asking from outside of the actors: main, a driver's thread, a test.
//
//   auto stopped = kernel::ask_and_wait(process, root, kernel::stop_tree{}, 10s);   // result<done>
//
// Never from within an actor: there it is self->ask.
#pragma once

#include "actors/kernel/ask.hpp"
#include "actors/kernel/process.hpp"

#include <caf/actor_cast.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace troupe::kernel {

/// Sends `question`; `then` runs once, on the thread that answers, or never: there is no deadline
/// here (the caller has its own). A null `who` is answered unavailable at once.
void ask_outside(caf::actor_system& system, const caf::strong_actor_ptr& who, caf::message question,
                 detail::response_callback then);

/// Blocks the calling thread until the answer is there or `deadline` has passed (timeout).
template <class Handle, class Q>
result<answer_of<Handle, std::decay_t<Q>>>
ask_and_wait(const process_ptr& process, const Handle& who, Q&& question, duration deadline) {
  using A = answer_of<Handle, std::decay_t<Q>>;
  struct waiting {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<result<A>> answer;
  };
  auto w = std::make_shared<waiting>(); // the answer may come after we have left
  ask_outside(process->system(), caf::actor_cast<caf::strong_actor_ptr>(who),
              caf::make_message(std::forward<Q>(question)),
              [w](caf::type_erased_tuple* content, failure why) {
                std::lock_guard lock{w->mutex};
                w->answer = detail::take_answer<A>(content, std::move(why));
                w->came.notify_all();
              });
  std::unique_lock lock{w->mutex};
  if (!w->came.wait_for(lock, deadline, [&] { return w->answer.has_value(); }))
    return failure{.reason = reason::timeout, .message = "no answer within the deadline"};
  return std::move(*w->answer);
}

} // namespace troupe::kernel
