// Inside of the kernel: the living actors of a process, and who watches over its messages.
#pragma once

#include "actors/kernel/process.hpp"

#include <caf/actor_control_block.hpp>

#include <map>
#include <mutex>
#include <string>

namespace troupe::kernel {

/// Hears of every message that is handled. (The simulation's hash.)
class witness {
public:
  virtual ~witness() = default;
  virtual void handled(const std::string& process, const std::string& receiver, const char* type,
                       const std::string& sender) = 0;
};

struct process::registry {
  struct entry {
    const actor_core* core = nullptr;
    caf::weak_actor_ptr address;
  };
  void enter(const actor_core& core, caf::weak_actor_ptr address);
  void leave(const actor_core& core);
  /// Ends at once what lives below `path` (not at it). True: something did.
  bool end_below(const std::string& path);
  static actor_status status(const entry& of);

  mutable std::mutex mutex;
  std::multimap<std::string, entry> actors; // by path
  bool real_time = true;                    // messages are stamped with the machine's clock
  kernel::witness* witness = nullptr;
};

} // namespace troupe::kernel
