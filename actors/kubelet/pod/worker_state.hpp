// What a worker holds, and the parts of its work. Internal to worker*.cpp.
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/kubelet/pod/plan.hpp"
#include "actors/kubelet/pod/probes.hpp"
#include "actors/kubelet/pod/worker.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace troupe::kubelet::work {

struct state {
  state() = default;
  std::shared_ptr<const worker_settings> with;
  std::string uid;
  api::object_ptr object; // null: an orphan, or not told yet
  pod spec;
  references known_refs;
  runtime::pod_state seen;
  memory known;
  probe_book probes;
  bool gone = false;       // the API has forgotten it, or never knew it
  bool terminal = false;   // it was Succeeded or Failed before we saw it
  bool removed = false;    // we have told the API to forget it
  bool untouched = false;  // no kubelet has had it: the runtime has nothing of it
  bool busy = false;       // between looking and the last step
  bool dirty = false;      // look again afterwards
  bool interrupt = false;  // leave the remaining steps: the pod is to end
  std::uint64_t epoch = 0; // continuations of an older one are void
  std::uint64_t timer = 0;
  std::uint32_t grace_used = 0; // seconds, of the kill under way
  bool killing = false;
  std::map<std::string, runtime::image> images; // looked for while the sandbox was being made
  bool pulling = false;
  std::string told;   // the status the API has from us
  revision told_at{}; // with which version of the object
  bool telling = false;
  std::string under_way; // being told
  std::string to_tell;   // sent once the one under way is answered
  std::function<void()> after_told;
  std::set<std::string> noted; // events that are told once: reason and container
};
using pointer = kernel::self_ptr<worker_actor, state>;

/// How a step ended: the next one may follow; or look anew, at once or after a pause.
enum class step_end : std::uint8_t { done, look, pause };
using step_done = std::function<void(step_end)>;

/// worker.cpp
void sync(pointer self);

/// worker_steps.cpp
void perform(pointer self, const step& s, step_done then);
/// A shorter grace than the one under way: the runtime is told anew.
void hasten(pointer self, duration grace);

/// worker_start.cpp
void start(pointer self, const start_container& s, step_done then);
void run(pointer self, const run_sandbox& s, step_done then);

/// worker_probes.cpp
void arrange_probes(pointer self);
void probe_now(pointer self, const probe_due& due);
/// Runs an action against a container; `then` gets whether it succeeded and what it said.
void act(pointer self, const container& c, const std::string& container_id, const action& what,
         duration limit, std::function<void(bool ok, std::string text)> then);

/// worker_status.cpp
void tell_status(pointer self, const plan& next);
void note(pointer self, bool warning, std::string reason, std::string message,
          const std::string& container_name = {});
/// Writes files of ConfigMaps and Secrets that changed.
void follow_contents(pointer self);
/// Reads the ConfigMaps and Secrets that the pod names; `then` when all are answered.
void fetch_references(pointer self, std::function<void(result<void>)> then);

/// Wraps a continuation: it runs only while the worker is in the same epoch.
template <class F> auto unless_outdated(pointer self, F f) {
  return [self, epoch = self->state.epoch, f = std::move(f)](auto&&... args) mutable {
    if (self->state.epoch == epoch)
      f(std::forward<decltype(args)>(args)...);
  };
}

} // namespace troupe::kubelet::work
