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
  duration wait{}; // 0: nothing counted yet
  instant since{}; // when it was last counted
  bool operator==(const backoff&) const = default;

  /// Counts one more try after something that failed at `failed`.
  void count(instant failed, instant now, duration first = initial, duration longest = maximum);
  /// When what failed then may be tried again: at once before the first count and after long quiet.
  instant after(instant failed) const;
};

/// Why a container does not run, in Kubernetes' words.
struct waiting {
  std::string reason;
  std::string message;
  bool operator==(const waiting&) const = default;
};

/// How the last start of a container failed, and when the next one may be tried.
struct failed_start {
  waiting why;
  instant at{};
  instant retry{};
  bool operator==(const failed_start&) const = default;
};

/// What the runtime cannot tell: lost with the kubelet, and then found out anew.
struct memory {
  std::map<std::string, backoff> crash; // by container name
  std::map<std::string, backoff> pull;  // by image
  std::map<std::string, failed_start>
    failed;                            // by container name; cleared by a start that went well
  std::optional<failed_start> sandbox; // of the last sandbox
  backoff sandbox_tries;
  /// Verdicts of probes, by container id. Absent: no result yet.
  std::map<std::string, bool> ready;
  std::map<std::string, bool> started;
  std::map<std::string, bool> alive;
  /// The kubelet's last word on a pod it will not run or ended itself: Evicted, OutOfcpu, ...
  std::optional<waiting> ended;
  instant start{}; // when the kubelet took the pod on (status.startTime)
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
/// A dead container that nothing refers to any more, or of a pod that is gone.
struct remove_container {
  std::string id;
  bool operator==(const remove_container&) const = default;
};
/// Stops it first.
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
  /// Containers that wait before their next start, with the words for status.
  std::map<std::string, waiting> held;
  bool operator==(const plan&) const = default;
};

plan plan_pod(const pod& p, const runtime::pod_state& seen, const memory& known, instant now);

/// What is left to take away once the API has forgotten the pod.
std::vector<step> plan_removal(const runtime::pod_state& seen);

/// The order of a pod's end: each wave is stopped once the one before is dead. All containers
/// first, then the sidecars, last to first.
std::vector<std::vector<std::string>> kill_waves(const pod& p, const runtime::pod_state& seen);

/// To be called when a container is started: counts the crash before it, if there was one.
void note_start(memory& known, const runtime::pod_state& seen, const std::string& name,
                instant now);
/// To be called when starting it failed. An image that cannot be pulled waits ever longer.
void note_failure(memory& known, const container& c, waiting why, instant now);
void note_sandbox_failure(memory& known, waiting why, instant now);

/// The newest container of that name, of any sandbox; null: never created.
const runtime::container_status* latest(const runtime::pod_state& seen, std::string_view name);
/// Likewise, of that sandbox only.
const runtime::container_status* latest_in(const runtime::pod_state& seen,
                                           const std::string& sandbox_id, std::string_view name);
/// The sandbox in use: the newest one; null: none yet.
const runtime::sandbox_status* current(const runtime::pod_state& seen);
/// That sandbox can hold containers.
bool usable(const runtime::sandbox_status& sandbox);

restart_policy effective_restart(const pod& p, const container& c);
/// Whether a container that does not run may be started. Of an init container: until it succeeds.
bool may_start(const pod& p, const container& c, const runtime::container_status* last);

/// Whether containers may start: init containers are done, sidecars have started.
bool is_initialized(const pod& p, const runtime::pod_state& seen, const memory& known);

/// Nothing will be started again, whatever still runs.
bool is_over(const pod& p, const runtime::pod_state& seen, const memory& known);

/// When the pod's activeDeadlineSeconds end it; nothing: never.
std::optional<instant> deadline_of(const pod& p, const memory& known);

} // namespace troupe::kubelet
