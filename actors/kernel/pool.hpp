// Work that may block runs on a driver's threads and comes back as an answer:
//
//   run(*self, *files, [path] { return read_file(path); }, 5s)
//     .then([self](result<std::string> content) { ... });
#pragma once

#include "actors/kernel/actor.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::kernel {

/// Threads, or (simulation.hpp) a place on virtual time. Thread-safe. One thread keeps the order.
class blocking_pool {
public:
  blocking_pool() = default;
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  virtual ~blocking_pool() = default; // waits for running jobs; waiting ones are dropped
  /// False: the queue is full, nothing was taken. A job must not throw.
  virtual bool post(std::function<void()> job) = 0;
};

/// `name` (at most 15 bytes) is shown by top and gdb.
std::unique_ptr<blocking_pool> make_blocking_pool(std::string name, std::size_t threads = 1,
                                                  std::size_t queue = 1024);

namespace detail {

/// The completion of a job, back in the actor.
struct job_done {
  using local_only = void;
  std::shared_ptr<void> value; // a result<R>
};
/// Posts `work` (which makes a result<R>) and answers the actor's own ask with it.
caf::message_id run_job(actor_core& self, blocking_pool& pool,
                        std::function<std::shared_ptr<void>()> work, duration deadline);

template <class R> struct unwrap;
template <class R> struct unwrap<result<R>> { using type = R; };

template <class R> class [[nodiscard]] pending_job {
public:
  pending_job(actor_core& self, caf::message_id response) : self_(self), response_(response) {}
  void then(std::function<void(result<R>)> then) && {
    on_response(self_, response_,
                [then = std::move(then)](caf::type_erased_tuple* content, failure why) {
                  auto done = take_answer<job_done>(content, std::move(why));
                  if (done)
                    then(std::move(*static_cast<result<R>*>(done->value.get())));
                  else
                    then(std::move(done).error());
                });
  }

private:
  actor_core& self_;
  caf::message_id response_;
};

} // namespace detail

/// Runs `work` (a function that returns a result<R>) on the pool. Answers too_many_requests when
/// the pool's queue is full, internal when it throws, timeout when it is not done within `deadline`
/// (it still runs to its end). Messages told within `work` have the current message as their cause.
template <class F> auto run(actor_core& self, blocking_pool& pool, F work, duration deadline) {
  using R = typename detail::unwrap<std::invoke_result_t<F&>>::type;
  auto response = detail::run_job(
    self, pool,
    [work = std::move(work)]() mutable -> std::shared_ptr<void> {
      return std::make_shared<result<R>>(work());
    },
    deadline);
  return detail::pending_job<R>{self, response};
}

} // namespace troupe::kernel
