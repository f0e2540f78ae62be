// A process as a value: everything that its actors share hangs off it. There are no statics, so
// many simulated processes live in one actor system.
#pragma once

#include "actors/kernel/clock.hpp"
#include "actors/kernel/trace.hpp"
#include "actors/kernel/transport.hpp"
#include "config/base/random.hpp"
#include "config/base/result.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::kernel {

class links;
class process;
class actor_core;
using process_ptr = std::shared_ptr<process>;

struct process_options {
  identity who;
  std::uint64_t seed = 0; // of every random_source of the process
  std::size_t trace_bytes = std::size_t{8} << 20;
};

/// One actor, for `troupe status`.
struct actor_status {
  std::string path;
  std::uint32_t incarnation = 1; // 1 for the first
  std::uint32_t restarts = 0;    // incarnation - 1
  std::uint64_t mailbox = 0;     // messages waiting
  std::uint64_t messages = 0;    // handled by this incarnation
  std::string last_death;        // why the previous incarnation ended; empty: there was none
};

class process : public std::enable_shared_from_this<process> {
public:
  static process_ptr make(caf::actor_system& system, process_options options,
                          std::unique_ptr<kernel::clock> clock);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process();

  const identity& who() const { return options_.who; }
  const std::string& name() const { return options_.who.name; }
  caf::actor_system& system() const { return system_; }
  instant now() const { return clock_->now(); }
  trace::recorder& tracer() { return tracer_; }

  /// A random source of its own for each call, from the process's seed and the purpose
  /// ("raft/election"). In the simulation the order of calls is the seed's, so all is repeatable.
  random_source random(std::string_view purpose);

  /// All living actors, by path.
  std::vector<actor_status> actors() const;

  /// Ends an actor at once, state and waiting messages with it, as if it had died; its supervisor
  /// acts on that. not_found when there is no such path.
  result<void> kill(std::string_view path);

  /// What to do when the process must end: an actor with restart::never died, or a root supervisor
  /// gave up. Set once, before the first spawn; default: ends the program with exit code 1.
  void on_fatal(std::function<void(const std::string& path, const failure& why)> callback);
  void fatal(const std::string& path, const failure& why);

  /// Ends all actors where they stand; no handler runs any more. (The simulation's power cut, and
  /// the last step of stopping.) Afterwards nothing that is sent to them arrives.
  void crash();
  bool alive() const { return alive_.load(std::memory_order_acquire); }

  struct registry; // process_registry.hpp: inside of the kernel
  registry& inside() const { return *registry_; }

private:
  process(caf::actor_system& system, process_options options, std::unique_ptr<kernel::clock> clock);

  caf::actor_system& system_;
  process_options options_;
  std::unique_ptr<kernel::clock> clock_;
  trace::recorder tracer_;
  std::unique_ptr<registry> registry_;
  std::function<void(const std::string&, const failure&)> on_fatal_;
  std::atomic<bool> alive_{true};
  std::atomic<std::uint64_t> draws_{0};
};

/// The scheduler settings of every Troupe program (sharing, `workers` threads, 50 messages a turn).
void configure(caf::actor_system_config& config, std::size_t workers = 2);

} // namespace troupe::kernel
