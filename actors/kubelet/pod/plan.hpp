// Decides what to do next for one pod: its spec, what the runtime has of it, what the kubelet
// remembers, and the time in; steps out. Touches nothing, so every rule of a pod's life is a table.
#pragma once

#include "actors/kubelet/pod/view.hpp"
#include "runtime/base/types.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::kubelet {

/// Waits that double: 10 s to 5 min, from the start again after 10 min of quiet. (CrashLoopBackOff,
/// ImagePullBackOff)
struct backoff {
  static constexpr duration initial = 10s;
  static constexpr duration maximum = 300s;
  duration wait{}; // 0: none yet
  instant since{}; // of the last failure counted
  bool operator==(const backoff&) const = default;

  /// Counts one more failure at `at`.
  void fail(instant at);
  /// When the next try may be made.
  instant until() const { return since + wait; }
};

/// Why a container does not run, in Kubernetes' words.
struct waiting {
  std::string reason;
  std::string message;
  bool operator==(const waiting&) const = default;
};

/// What the runtime cannot tell: lost with the kubelet, and then found out anew.
struct memory {
  std::map<std::string, backoff> crash; // by container name
  std::map<std::string, backoff> pull;  // by image
  std::map<std::string, waiting> why;   // by container name: how its last start failed
  std::optional<waiting> sandbox;       // how the last sandbox failed
  /// Verdicts of probes, by container id. Absent: no result yet.
  std::map<std::string, bool> ready;
  std::map<std::string, bool> started;
  std::map<std::string, bool> alive;
  /// The kubelet's last word on a pod it will not run or ended itself: Evicted, OutOfcpu, ...
  std::optional<waiting> ended;
  bool operator==(const memory&) const = default;
};

/// Stops all containers (sidecars last), then the sandboxes.
struct kill_pod {
  duration grace{};
  std::string why;
  bool operator==(const kill_pod&) const = default;
};
struct run_sandbox {
  std::uint32_t attempt = 0;
  bool operator==(const run_sandbox&) const = default;
};
/// Image, create, start.
struct start_container {
  std::string name;
  std::uint32_t attempt = 0;
  bool operator==(const start_container&) const = default;
};
struct kill_container {
  std::string id;
  std::string name;
  duration grace{};
  std::string why;
  bool operator==(const kill_container&) const = default;
};
/// A dead container that is not the newest of its name, or the rest of a pod that is gone.
struct remove_container {
  std::string id;
  bool operator==(const remove_container&) const = default;
};
struct remove_sandbox {
  std::string id;
  bool operator==(const remove_sandbox&) const = default;
};
/// Nothing runs any more and the API asked for its end: the object may go.
struct finish_deletion {
  bool operator==(const finish_deletion&) const = default;
};
using step = std::variant<kill_pod, run_sandbox, start_container, kill_container, remove_container,
                          remove_sandbox, finish_deletion>;

struct plan {
  std::vector<step> steps;      // in order; after them, look and plan again
  std::optional<instant> again; // when time alone changes the answer (a backoff ends)
  /// Containers that wait for their backoff, with its words for status.
  std::map<std::string, waiting> held;
  bool operator==(const plan&) const = default;
};

plan plan_pod(const pod& p, const runtime::pod_state& seen, const memory& known, instant now);

/// The newest container of that name, of any sandbox; null: never created.
const runtime::container_status* latest(const runtime::pod_state& seen, std::string_view name);
/// The sandbox in use: the newest one; null: none yet.
const runtime::sandbox_status* current(const runtime::pod_state& seen);

/// Whether a container that ended may run again. Of an init container: until it succeeds.
bool may_restart(const pod& p, const container& c, const runtime::container_status* last);

/// Succeeded or Failed for good: nothing will be started again.
bool is_over(const pod& p, const runtime::pod_state& seen, const memory& known, instant now);

} // namespace troupe::kubelet
