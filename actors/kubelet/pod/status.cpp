#include "actors/kubelet/pod/status.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;
using runtime::container_state;
using runtime::container_status;
using runtime::pod_state;

json time_or_null(instant t) { return t == instant{} ? json(nullptr) : json(api::format_time(t)); }

std::string exit_reason(const container_status& c) {
  return !c.reason.empty() ? c.reason : c.exit_code == 0 ? "Completed" : "Error";
}

json terminated(const container_status& c, const node_place& place) {
  json out = {{"exitCode", c.exit_code},
              {"reason", exit_reason(c)},
              {"startedAt", time_or_null(c.started)},
              {"finishedAt", time_or_null(c.finished)},
              {"containerID", place.runtime + "://" + c.id}};
  if (!c.message.empty())
    out["message"] = c.message;
  return {{"terminated", std::move(out)}};
}

json waits(const waiting& why) {
  json out = {{"reason", why.reason}};
  if (!why.message.empty())
    out["message"] = why.message;
  return {{"waiting", std::move(out)}};
}

/// The dead container before `newest` of the same name.
const container_status* previous(const pod_state& seen, const container_status& newest) {
  for (const auto& c : seen.containers)
    if (c.name == newest.name && c.id != newest.id && c.state == container_state::exited)
      return &c;
  return nullptr;
}

bool started(const container& c, const container_status& status, const memory& known) {
  if (status.state != container_state::running)
    return false;
  auto said = known.started.find(status.id);
  return said == known.started.end() ? !c.startup : said->second;
}

/// Writes one pod's status; each member one part of it.
class writer {
public:
  writer(const pod& p, const pod_state& seen, const memory& known, const plan& next,
         const node_place& place, const json& before, instant now)
      : pod_(p)
      , seen_(seen)
      , known_(known)
      , next_(next)
      , place_(place)
      , before_(before)
      , now_(now)
      , initialized_(is_initialized(p, seen, known)) {}

  json run() {
    json out = json::object();
    out["observedGeneration"] = pod_.meta.generation;
    out["phase"] = phase_ = phase_of(pod_, seen_, known_);
    out["qosClass"] = to_string(qos_of(pod_));
    out["startTime"] = time_or_null(known_.start);
    if (known_.ended) {
      out["reason"] = known_.ended->reason;
      out["message"] = known_.ended->message;
    }
    add_addresses(out);
    if (!known_.ended || !seen_.containers.empty()) {
      if (!pod_.init.empty())
        out["initContainerStatuses"] = containers(pod_.init);
      out["containerStatuses"] = containers(pod_.containers);
    }
    out["conditions"] = conditions();
    return out;
  }

private:
  void add_addresses(json& out) const {
    if (!place_.address.empty()) {
      out["hostIP"] = place_.address;
      out["hostIPs"] = json::array({{{"ip", place_.address}}});
    }
    std::vector<std::string> ips;
    if (const auto* sandbox = current(seen_))
      ips = sandbox->ips;
    if (pod_.host_network && !place_.address.empty() && !seen_.sandboxes.empty())
      ips = {place_.address};
    if (ips.empty())
      return;
    out["podIP"] = ips.front();
    for (const auto& ip : ips)
      out["podIPs"].push_back({{"ip", ip}});
  }

  json containers(const std::vector<container>& list) const {
    auto out = json::array();
    for (const auto& c : list)
      out.push_back(one(c));
    std::sort(out.begin(), out.end(),
              [](const json& a, const json& b) { return a["name"] < b["name"]; });
    return out;
  }

  json one(const container& c) const {
    const auto* newest = latest(seen_, c.name);
    json out = {{"name", c.name},
                {"image", c.image},
                {"imageID", ""},
                {"restartCount", newest == nullptr ? 0U : newest->attempt},
                {"ready", is_ready_now(c, newest)},
                {"started", newest != nullptr && started(c, *newest, known_)},
                {"lastState", json::object()}};
    if (newest != nullptr) {
      out["imageID"] = newest->image_id;
      out["containerID"] = place_.runtime + "://" + newest->id;
    }
    auto shown = state(c, newest);
    auto waits_now = shown.contains("waiting");
    out["state"] = std::move(shown);
    if (newest == nullptr)
      return out;
    if (waits_now && newest->state == container_state::exited)
      out["lastState"] = terminated(*newest, place_);
    else if (const auto* last = previous(seen_, *newest))
      out["lastState"] = terminated(*last, place_);
    return out;
  }

  json state(const container& c, const container_status* newest) const {
    if (newest != nullptr && newest->state == container_state::running)
      return {{"running", {{"startedAt", time_or_null(newest->started)}}}};
    auto held = next_.held.find(c.name);
    if (held != next_.held.end())
      return waits(held->second);
    if (newest != nullptr && newest->state == container_state::exited)
      return terminated(*newest, place_);
    if (newest != nullptr && newest->state == container_state::unknown) {
      auto lost = *newest;
      lost.exit_code = 137;
      lost.reason = "ContainerStatusUnknown";
      lost.message = "The container could not be located when the pod was terminated";
      return terminated(lost, place_);
    }
    auto failed = known_.failed.find(c.name);
    if (failed != known_.failed.end())
      return waits(failed->second.why);
    return waits({pod_.init.empty() ? "ContainerCreating" : "PodInitializing", {}});
  }

  /// Of an init container: it is done. Of all others: it runs and its probe agrees.
  bool is_ready_now(const container& c, const container_status* newest) const {
    auto init = std::any_of(pod_.init.begin(), pod_.init.end(),
                            [&](const auto& i) { return &i == &c && !is_sidecar(i); });
    if (init)
      return newest != nullptr && newest->state == container_state::exited
             && newest->exit_code == 0;
    return is_ready(c, newest, known_);
  }

  json conditions() const {
    auto out = json::array();
    const auto* sandbox = current(seen_);
    auto over = phase_ == "Succeeded" || phase_ == "Failed";
    add(out, "PodReadyToStartContainers", !over && sandbox != nullptr && usable(*sandbox), {});
    add_initialized(out);
    auto unready = unready_names();
    waiting why;
    if (phase_ == "Succeeded")
      why = {"PodCompleted", {}};
    else if (phase_ == "Failed")
      why = {"PodFailed", {}};
    else if (!unready.empty())
      why = {"ContainersNotReady", "containers with unready status: [" + unready + "]"};
    auto ready = why.reason.empty();
    add(out, "ContainersReady", ready, why);
    auto gate = missing_gates();
    if (ready && !gate.empty())
      why = {"ReadinessGatesNotReady", gate};
    add(out, "Ready", why.reason.empty(), why);
    keep_foreign(out);
    return out;
  }

  void add_initialized(json& out) const {
    std::string names;
    for (const auto& c : pod_.init) {
      const auto* status = latest(seen_, c.name);
      auto done =
        is_sidecar(c) ? status != nullptr && started(c, *status, known_) : is_ready_now(c, status);
      if (!done && !initialized_)
        names += (names.empty() ? "" : " ") + c.name;
    }
    if (phase_ == "Succeeded")
      add(out, "Initialized", true, {"PodCompleted", {}});
    else if (names.empty())
      add(out, "Initialized", true, {});
    else
      add(out, "Initialized", false,
          {"ContainersNotInitialized", "containers with incomplete status: [" + names + "]"});
  }

  std::string unready_names() const {
    std::string names;
    auto look = [&](const container& c) {
      if (!is_ready(c, latest(seen_, c.name), known_))
        names += (names.empty() ? "" : " ") + c.name;
    };
    for (const auto& c : pod_.init)
      if (is_sidecar(c))
        look(c);
    for (const auto& c : pod_.containers)
      look(c);
    return names;
  }

  std::string missing_gates() const {
    std::string out;
    for (const auto& gate : pod_.readiness_gates) {
      const auto* found = find_before(gate);
      if (found == nullptr || found->value("status", "") != "True") {
        out += out.empty() ? "" : ", ";
        out += found == nullptr
                 ? "corresponding condition of pod readiness gate \"" + gate + "\" does not exist."
                 : "the status of pod readiness gate \"" + gate + "\" is not \"True\", but "
                     + found->value("status", "");
      }
    }
    return out;
  }

  const json* find_before(std::string_view type) const {
    if (!before_.is_object() || !before_.contains("conditions"))
      return nullptr;
    for (const auto& condition : before_["conditions"])
      if (condition.value("type", "") == type)
        return &condition;
    return nullptr;
  }

  void add(json& out, const char* type, bool holds, const waiting& why) const {
    json made = {{"type", type},
                 {"status", holds ? "True" : "False"},
                 {"lastProbeTime", nullptr},
                 {"lastTransitionTime", api::format_time(now_)},
                 {"observedGeneration", pod_.meta.generation}};
    if (!why.reason.empty())
      made["reason"] = why.reason;
    if (!why.message.empty())
      made["message"] = why.message;
    const auto* old = find_before(type);
    if (old != nullptr && old->value("status", std::string()) == made["status"].get<std::string>()
        && old->contains("lastTransitionTime"))
      made["lastTransitionTime"] = (*old)["lastTransitionTime"];
    out.push_back(std::move(made));
  }

  /// PodScheduled is the scheduler's, gates are whoever's; a status is written as a whole.
  void keep_foreign(json& out) const {
    auto scheduled = find_before("PodScheduled") != nullptr;
    if (!scheduled)
      add(out, "PodScheduled", true, {});
    if (!before_.is_object() || !before_.contains("conditions"))
      return;
    for (const auto& condition : before_["conditions"]) {
      auto ours = std::any_of(out.begin(), out.end(), [&](const json& made) {
        return made["type"].get<std::string>() == condition.value("type", std::string());
      });
      if (!ours)
        out.push_back(condition);
    }
  }

  const pod& pod_;
  const pod_state& seen_;
  const memory& known_;
  const plan& next_;
  const node_place& place_;
  const json& before_;
  instant now_;
  bool initialized_;
  std::string_view phase_;
};

/// How many of the pod's own containers are where.
struct tally {
  std::size_t waiting = 0;
  std::size_t running = 0;
  std::size_t stopped = 0;
  std::size_t succeeded = 0;
};

tally count(const pod& p, const pod_state& seen) {
  tally out;
  for (const auto& c : p.containers) {
    const auto* status = latest(seen, c.name);
    if (status == nullptr || status->state == container_state::created) {
      ++out.waiting;
    } else if (status->state == container_state::running) {
      ++out.running;
    } else {
      ++out.stopped;
      if (status->state == container_state::exited && status->exit_code == 0)
        ++out.succeeded;
    }
  }
  return out;
}

} // namespace

bool is_ready(const container& c, const container_status* status, const memory& known) {
  if (status == nullptr || !started(c, *status, known))
    return false;
  auto said = known.ready.find(status->id);
  return said == known.ready.end() ? !c.readiness : said->second;
}

std::string_view phase_of(const pod& p, const pod_state& seen, const memory& known) {
  auto all = count(p, seen);
  // A pod is Succeeded or Failed only once nothing of it runs: until then its last steps are due.
  auto quiet = std::none_of(seen.containers.begin(), seen.containers.end(),
                            [](const auto& c) { return c.state == container_state::running; });
  auto over = is_over(p, seen, known) || (p.meta.deleted && all.waiting + all.running == 0);
  if (over && quiet) {
    if (known.ended)
      return "Failed";
    return all.stopped == p.containers.size() && all.succeeded == all.stopped ? "Succeeded"
                                                                              : "Failed";
  }
  return all.waiting > 0 ? "Pending" : "Running";
}

json status_of(const pod& p, const pod_state& seen, const memory& known, const plan& next,
               const node_place& place, const json& before, instant now) {
  return writer(p, seen, known, next, place, before, now).run();
}

} // namespace troupe::kubelet
