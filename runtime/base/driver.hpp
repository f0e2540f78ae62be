// The one seam between a node and what runs its containers: CRI over a socket, or the simulation.
//
// Every call returns at once. Its reply comes exactly once, later, on a thread of the driver (the
// simulated driver: from its clock) and must not block; within the driver's own deadlines, or as
// reason::timeout. Ids are opaque. Stopping and removing what is gone succeeds.
#pragma once

#include "config/base/result.hpp"
#include "runtime/base/types.hpp"

#include <functional>

namespace troupe::runtime {

template <class T> using reply = std::function<void(result<T>)>;

/// How long a call may take before it is given up.
struct deadlines {
  duration request = 2min; // what is not named here
  duration sandbox = 4min; // running and stopping a sandbox: the pod network may be slow
  duration pull = 10min;
};

class driver {
public:
  virtual ~driver() = default;

  virtual void version(reply<about> to) = 0;
  virtual void status(reply<health> to) = 0;

  /// Answers the sandbox's id once its namespaces and network are there.
  virtual void run_sandbox(sandbox_config config, reply<std::string> to) = 0;
  /// Kills its containers, gives its network back.
  virtual void stop_sandbox(std::string id, reply<void> to) = 0;
  virtual void remove_sandbox(std::string id, reply<void> to) = 0;

  virtual void create_container(std::string sandbox_id, container_config config,
                                sandbox_config sandbox, reply<std::string> to) = 0;
  virtual void start_container(std::string id, reply<void> to) = 0;
  /// TERM, and KILL after `grace` (0: KILL at once). Answers when the container is dead.
  virtual void stop_container(std::string id, duration grace, reply<void> to) = 0;
  virtual void remove_container(std::string id, reply<void> to) = 0;
  virtual void update_container(std::string id, resources limits, reply<void> to) = 0;

  /// All sandboxes and containers that carry a pod's label: about 1.5 ms for 40 containers.
  virtual void list(reply<inventory> to) = 0;
  /// One pod in full, by its uid. A pod of which nothing is there is an empty state.
  virtual void inspect(std::string pod_uid, reply<pod_state> to) = 0;

  /// The image by any name; reason::not_found when it is not on this node.
  virtual void image_status(std::string name, reply<image> to) = 0;
  /// Answers the id of what was pulled.
  virtual void pull(std::string name, std::optional<credentials> auth, reply<std::string> to) = 0;
  virtual void list_images(reply<std::vector<image>> to) = 0;
  virtual void remove_image(std::string id, reply<void> to) = 0;

  /// reason::timeout when the command outlives `limit` (it is killed).
  virtual void exec(std::string id, std::vector<std::string> command, duration limit,
                    reply<exec_outcome> to) = 0;
  /// Addresses (http://127.0.0.1:PORT/...) at which the runtime serves the stream.
  struct streams {
    bool in = false;
    bool out = true;
    bool err = true;
    bool tty = false;
  };
  virtual void exec_stream(std::string id, std::vector<std::string> command, streams which,
                           reply<std::string> to) = 0;
  virtual void attach_stream(std::string id, streams which, reply<std::string> to) = 0;
  virtual void port_stream(std::string sandbox_id, std::vector<std::int32_t> ports,
                           reply<std::string> to) = 0;

  virtual void stats(reply<std::vector<usage>> to) = 0;
  /// After its log file was renamed away.
  virtual void reopen_log(std::string id, reply<void> to) = 0;

  /// Reports changes from now on to `listener` (never null), instead of the one before. Called on a
  /// driver thread, one change at a time. After a gap comes change::kind::lost.
  virtual void watch(std::function<void(change)> listener) = 0;
  /// How often list() must be compared to see what watch() does not report. With events it is only
  /// a safety net.
  virtual duration relist_period() const = 0;
};

} // namespace troupe::runtime
