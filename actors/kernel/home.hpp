// One thread on which actors are handled instead of on the scheduler's workers: the links'.
//
// A frame for an actor on a worker costs two switches of threads: to the worker, and back with what
// it sends. An actor at home on the links' thread is handled right behind the frames that came
// together, and what it sends leaves behind that, gathered. For actors with short handlers that
// wait for nothing, and whose messages mostly come and leave over links: while one is handled, the
// links stand still. (docs/adr/0007)
#pragma once

#include <caf/execution_unit.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe::kernel {

/// Thread-safe but for run().
class home {
public:
  /// `wake` makes run() be called soon, on the home's thread; it may come from any thread, with a
  /// lock held, and never after close().
  home(caf::actor_system& system, std::function<void()> wake);
  home(const home&) = delete;
  home& operator=(const home&) = delete;
  ~home();

  /// What schedules actors here. In place of the unit that an actor's mailbox is filled with.
  caf::execution_unit* door();
  /// Handles what waits, a while; on the home's thread.
  void run();
  /// Its thread is gone: leaves what waits, and all that comes, to the workers. Idempotent.
  void close();

private:
  class outside;
  class inside;
  void take(caf::resumable* job);
  /// Puts what waits into `turn_`; false: nothing does, and the next job wakes.
  bool begin_turn();

  caf::actor_system& system_;
  std::unique_ptr<outside> door_;
  std::unique_ptr<inside> unit_;
  std::vector<caf::resumable*> turn_; // on the home's thread; with a reference each

  std::mutex mutex_; // of what follows
  std::function<void()> wake_;
  std::vector<caf::resumable*> waiting_; // with a reference each
  bool awake_ = false;
};

} // namespace troupe::kernel
