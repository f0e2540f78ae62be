// The cells of pods: STATUS is the sum of phase, conditions, containers and deletion.
#include "config/api/object.hpp"
#include "config/codec/cells.hpp"

#include <algorithm>

namespace troupe::codec {

namespace {

/// What READY, STATUS and RESTARTS say.
struct pod_summary {
  std::size_t total = 0;
  std::size_t ready = 0;
  std::int64_t restarts = 0;
  std::string last_restart; // RFC 3339; empty: none
  std::string reason;
};

bool has_condition(element pod, std::string_view type) {
  auto found = condition_of(pod, "status.conditions", type);
  return found && text_at(*found, "status") == "True";
}

/// Init containers that go on running beside the others (sidecars).
std::vector<std::string_view> restartable(element pod) {
  std::vector<std::string_view> names;
  for (auto container : list_at(pod, "spec.initContainers"))
    if (text_at(container, "restartPolicy") == "Always")
      names.push_back(text_at(container, "name"));
  return names;
}

void note_restart(std::string& last, element container) {
  auto finished = text_at(container, "lastState.terminated.finishedAt");
  auto then = api::parse_time(finished);
  auto known = api::parse_time(last);
  if (then && (!known || *known < *then))
    last = finished;
}

std::string exit_text(element terminated) {
  if (auto signal = number_at(terminated, "signal"); signal != 0)
    return "Signal:" + std::to_string(signal);
  return "ExitCode:" + std::to_string(number_at(terminated, "exitCode"));
}

/// Looks at the init containers up to the first that is not done. True: the pod still initializes.
/// `sidecars` collects the restarts of the restartable ones.
bool sum_init_containers(element pod, pod_summary& out, pod_summary& sidecars) {
  const auto sidecar_names = restartable(pod);
  out.total += sidecar_names.size();
  std::size_t number = 0;
  for (auto container : list_at(pod, "status.initContainerStatuses")) {
    const auto position = number++;
    const auto restarts = number_at(container, "restartCount");
    const bool sidecar =
      std::ranges::find(sidecar_names, text_at(container, "name")) != sidecar_names.end();
    out.restarts += restarts;
    note_restart(out.last_restart, container);
    if (sidecar) {
      sidecars.restarts += restarts;
      note_restart(sidecars.last_restart, container);
    }
    auto terminated = find_path(container, "state.terminated");
    if (terminated && number_at(*terminated, "exitCode") == 0)
      continue;
    if (sidecar && flag_at(container, "started")) {
      out.ready += flag_at(container, "ready") ? 1 : 0;
      continue;
    }
    auto waiting = text_at(container, "state.waiting.reason");
    if (terminated) {
      auto why = text_at(*terminated, "reason");
      out.reason = "Init:" + (why.empty() ? exit_text(*terminated) : std::string(why));
    } else if (!waiting.empty() && waiting != "PodInitializing") {
      out.reason = "Init:" + std::string(waiting);
    } else {
      out.reason = "Init:" + std::to_string(position) + "/"
                   + std::to_string(count_at(pod, "spec.initContainers"));
    }
    return true;
  }
  return false;
}

void sum_containers(element pod, pod_summary& out) {
  bool running = false;
  auto containers = list_at(pod, "status.containerStatuses");
  for (auto at = containers.rbegin(); at != containers.rend(); ++at) {
    out.restarts += number_at(*at, "restartCount");
    note_restart(out.last_restart, *at);
    auto terminated = find_path(*at, "state.terminated");
    auto waiting = text_at(*at, "state.waiting.reason");
    if (!waiting.empty()) {
      out.reason = waiting;
    } else if (terminated) {
      auto why = text_at(*terminated, "reason");
      out.reason = why.empty() ? exit_text(*terminated) : std::string(why);
    } else if (flag_at(*at, "ready") && find_path(*at, "state.running")) {
      running = true;
      ++out.ready;
    }
  }
  if (out.reason == "Completed" && running)
    out.reason = has_condition(pod, "Ready") ? "Running" : "NotReady";
}

pod_summary summary_of(element pod) {
  pod_summary out;
  out.total = count_at(pod, "spec.containers");
  const auto phase = text_at(pod, "status.phase");
  const auto reason = text_at(pod, "status.reason");
  out.reason = reason.empty() ? phase : reason;
  for (auto condition : list_at(pod, "status.conditions"))
    if (text_at(condition, "type") == "PodScheduled"
        && text_at(condition, "reason") == "SchedulingGated")
      out.reason = "SchedulingGated";

  pod_summary sidecars;
  bool initializing = sum_init_containers(pod, out, sidecars);
  if (!initializing || has_condition(pod, "Initialized")) {
    out.restarts = sidecars.restarts;
    out.last_restart = sidecars.last_restart;
    sum_containers(pod, out);
  }
  if (!text_at(pod, "metadata.deletionTimestamp").empty()) {
    if (reason == "NodeLost")
      out.reason = "Unknown";
    else if (phase != "Succeeded" && phase != "Failed")
      out.reason = "Terminating";
  }
  return out;
}

void pod_ready(const cell_input& in, std::string& out) {
  auto sum = summary_of(in.object);
  put_text(out, std::to_string(sum.ready) + "/" + std::to_string(sum.total));
}

void pod_status(const cell_input& in, std::string& out) {
  put_text(out, summary_of(in.object).reason);
}

void pod_restarts(const cell_input& in, std::string& out) {
  auto sum = summary_of(in.object);
  auto text = std::to_string(sum.restarts);
  if (sum.restarts != 0 && !sum.last_restart.empty())
    text += " (" + since(sum.last_restart, in.now) + " ago)";
  put_text(out, text);
}

void pod_ip(const cell_input& in, std::string& out) {
  put_text(out,
           text_at(in.object, "status.podIPs[0].ip", text_at(in.object, "status.podIP", "<none>")));
}

void pod_gates(const cell_input& in, std::string& out) {
  auto gates = list_at(in.object, "spec.readinessGates");
  if (gates.empty())
    return put_text(out, "<none>");
  auto open = std::ranges::count_if(
    gates, [&](element gate) { return has_condition(in.object, text_at(gate, "conditionType")); });
  put_text(out, std::to_string(open) + "/" + std::to_string(gates.size()));
}

} // namespace

std::span<const cell_entry> pod_cells() {
  static constexpr cell_entry entries[] = {{"pod_ready", pod_ready},
                                           {"pod_status", pod_status},
                                           {"pod_restarts", pod_restarts},
                                           {"pod_ip", pod_ip},
                                           {"pod_gates", pod_gates}};
  return entries;
}

} // namespace troupe::codec
