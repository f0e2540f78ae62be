// A world in one thread: one actor system, virtual time, and the next job drawn from a seed.
//
//   simulation world{42};
//   auto a = world.add({.who = {"a", role::master}});
//   auto monitor = spawn_monitor({.process = a, .path = "lease"}, {});
//   world.advance(40s);
//   auto gone = world.ask<expired>(monitor, sweep{});      // result<expired>
//   world.run_until([&] { return gone.has_value(); }, 1min);
//   world.hash()                                           // of the order of all messages
//
// Same seed, same program: same hash. No detached or blocking actor, no thread, no real clock, no
// pointer-keyed order may be used within; a test counts the threads.
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/kernel/process.hpp"
#include "config/base/random.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace troupe::kernel {

struct job_times { // of simulated pools: how long a job takes, uniformly
  duration least = 50us;
  duration most = 500us;
};

class simulation {
public:
  explicit simulation(std::uint64_t seed);
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;
  ~simulation(); // crashes what still runs

  caf::actor_system& system();
  std::uint64_t seed() const { return seed_; }
  /// For everything that a scenario draws.
  random_source& random() { return random_; }
  instant now() const;

  /// A process whose clock is off by `skew`. Its seed is drawn unless given.
  process_ptr add(process_options options, duration skew = {});
  /// Power cut: its actors are gone between two messages; jobs of its pools that have not begun
  /// never run.
  void crash(const process_ptr& process);
  /// Stops a process as SIGSTOP does: none of its actors handles a message and none of its pools'
  /// jobs ends until resume(). Its network is the caller's to hold.
  void pause(const process_ptr& process);
  void resume(const process_ptr& process);
  bool paused(const process& process) const;
  /// Calls `what` when the process goes on; never when it is crashed before. Requires paused().
  void when_resumed(const process& process, std::function<void()> what);
  /// Changes a process's clock from now on.
  void skew(const process_ptr& process, duration by);

  /// Stands in for make_blocking_pool: jobs run on virtual time, `threads` at once.
  std::unique_ptr<blocking_pool> make_pool(const process_ptr& process, std::size_t threads = 1,
                                           std::size_t queue = 1024, job_times times = {});

  /// Calls `what` after `delay` of virtual time, between two messages.
  void after(duration delay, std::function<void()> what);

  /// Handles one message, or moves the time to the next timer. False: there is nothing left to do.
  bool step();
  /// Handles messages until none is left at this instant; the time stands. Returns how many.
  std::size_t settle(std::size_t most = 10'000'000);
  /// Lets `by` pass, and everything happen that happens meanwhile.
  void advance(duration by);
  /// Until it holds (checked after each message); false when `within` passed first.
  bool run_until(const std::function<bool()>& holds, duration within);

  /// Asks from outside and runs until the answer is there or `deadline` has passed.
  template <class A, class Handle, class Q>
  result<A> ask(const Handle& who, Q&& question, duration deadline = 10s) {
    static_assert(std::is_same_v<A, answer_of<Handle, std::decay_t<Q>>>,
                  "that is not its answer's type");
    result<A> out = failure{.reason = reason::timeout, .message = "no answer"};
    ask_raw(caf::actor_cast<caf::strong_actor_ptr>(who),
            caf::make_message(std::forward<Q>(question)), deadline,
            [&out](caf::type_erased_tuple* content, failure why) {
              out = detail::take_answer<A>(content, std::move(why));
            });
    return out;
  }

  /// Over all messages handled so far: receiver, type, sender, time.
  std::uint64_t hash() const;
  /// Messages handled so far.
  std::uint64_t handled() const;

private:
  struct impl;
  void ask_raw(const caf::strong_actor_ptr& who, caf::message question, duration deadline,
               const detail::response_callback& then);

  std::uint64_t seed_;
  random_source random_;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::kernel
