#include "actors/kubelet/pod/plan.hpp"

#include <algorithm>

namespace troupe::kubelet {

namespace {

using runtime::container_state;
using runtime::container_status;
using runtime::pod_state;
using runtime::sandbox_state;
using runtime::sandbox_status;

constexpr auto fresh_failure = 2s; // so long ErrImagePull is shown before ImagePullBackOff
constexpr std::size_t kept = 2;    // containers of one name: the current and the previous

bool is_running(const container_status& c) { return c.state == container_state::running; }

bool anything_alive(const pod_state& seen) {
  return std::any_of(seen.containers.begin(), seen.containers.end(), is_running)
         || std::any_of(seen.sandboxes.begin(), seen.sandboxes.end(),
                        [](const auto& s) { return s.state == sandbox_state::ready; });
}

bool said(const std::map<std::string, bool>& verdicts, const std::string& id, bool otherwise) {
  auto found = verdicts.find(id);
  return found == verdicts.end() ? otherwise : found->second;
}

bool has_started(const container& c, const container_status& status, const memory& known) {
  return is_running(status) && said(known.started, status.id, !c.startup.has_value());
}

std::string seconds_text(duration d) {
  auto whole = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  auto minutes = whole / 60;
  auto rest = std::to_string(whole % 60) + "s";
  return minutes == 0 ? rest : std::to_string(minutes) + "m" + rest;
}

/// Builds one plan; each member adds what its subject needs.
class planner {
public:
  planner(const pod& p, const pod_state& seen, const memory& known, instant now)
      : pod_(p), seen_(seen), known_(known), now_(now) {}

  plan run() {
    if (auto deadline = deadline_of(pod_, known_); deadline && *deadline > now_)
      wake(*deadline);
    if (pod_.meta.deleted)
      end(kill_pod{std::chrono::seconds(pod_.meta.grace.value_or(0)), "deleted"}, true);
    else if (is_over(pod_, seen_, known_))
      end(kill_pod{pod_.grace, "over"}, false);
    else
      keep_alive();
    return std::move(out_);
  }

private:
  void end(kill_pod how, bool finish) {
    if (anything_alive(seen_))
      out_.steps.emplace_back(std::move(how));
    else if (finish)
      out_.steps.emplace_back(finish_deletion{});
  }

  void keep_alive() {
    const auto* sandbox = current(seen_);
    if (sandbox == nullptr || !usable(*sandbox)) {
      renew_sandbox(sandbox);
      return;
    }
    sandbox_ = sandbox;
    if (advance_init())
      for (const auto& c : pod_.containers)
        keep_running(c);
    collect_garbage();
  }

  void renew_sandbox(const sandbox_status* old) {
    if (anything_alive(
          seen_)) { // and then plan again: how they end decides whether there is a next
      out_.steps.emplace_back(kill_pod{pod_.grace, "its sandbox is gone"});
      return;
    }
    if (known_.sandbox && known_.sandbox->retry > now_) {
      wake(known_.sandbox->retry);
      return;
    }
    out_.steps.emplace_back(run_sandbox{old == nullptr ? 0 : old->attempt + 1});
  }

  /// True when the pod's own containers may run.
  bool advance_init() {
    auto begun = main_begun();
    auto furthest = furthest_init();
    for (std::size_t i = 0; i < pod_.init.size(); ++i) {
      const auto& c = pod_.init[i];
      auto passed = begun || i < furthest;
      if (is_sidecar(c)) {
        keep_running(c);
        const auto* status = here(c);
        if (!passed && (status == nullptr || !has_started(c, *status, known_)))
          return false;
      } else if (!passed) {
        const auto* status = here(c);
        if (status == nullptr || !is_running(*status)) {
          if (status != nullptr && status->state == container_state::exited
              && status->exit_code == 0)
            continue;
          start(c, status);
        }
        return false;
      }
    }
    return true;
  }

  void keep_running(const container& c) {
    const auto* status = here(c);
    if (status == nullptr || status->state != container_state::running) {
      if (status != nullptr && status->state == container_state::unknown)
        out_.steps.emplace_back(kill_container{status->id, c.name, pod_.grace, "state unknown"});
      const auto* last = latest(seen_, c.name);
      if (may_start(pod_, c, last))
        start(c, status);
      return;
    }
    if (!status->hash.empty() && status->hash != c.hash) {
      out_.steps.emplace_back(
        kill_container{status->id, c.name, pod_.grace, "its definition changed"});
      out_.steps.emplace_back(start_container{c.name, status->attempt + 1});
    } else if (!said(known_.alive, status->id, true)) {
      out_.steps.emplace_back(
        kill_container{status->id, c.name, probe_grace(c, *status), "failed its probe"});
    }
  }

  duration probe_grace(const container& c, const container_status& status) const {
    const auto& failed = has_started(c, status, known_) ? c.liveness : c.startup;
    return failed && failed->grace ? duration(std::chrono::seconds(*failed->grace)) : pod_.grace;
  }

  /// Starts it now, or says until when and why not. `status`: of this sandbox, null when none.
  void start(const container& c, const container_status* status) {
    const auto* last = latest(seen_, c.name);
    if (auto failed = known_.failed.find(c.name);
        failed != known_.failed.end() && failed->second.retry > now_) {
      hold_failed(c, failed->second);
      return;
    }
    if (status != nullptr && status->state == container_state::exited) {
      auto tries = known_.crash.find(c.name);
      auto ready = tries == known_.crash.end() ? now_ : tries->second.after(status->finished);
      if (ready > now_) {
        wake(ready);
        out_.held[c.name] = {"CrashLoopBackOff", "back-off " + seconds_text(tries->second.wait)
                                                   + " restarting failed container=" + c.name
                                                   + " pod=" + pod_.meta.name + "_" + pod_.meta.ns
                                                   + "(" + pod_.meta.uid + ")"};
        return;
      }
    }
    out_.steps.emplace_back(start_container{c.name, last == nullptr ? 0 : last->attempt + 1});
  }

  void hold_failed(const container& c, const failed_start& failed) {
    wake(failed.retry);
    auto why = failed.why;
    if (why.reason == "ErrImagePull") {
      auto settled = failed.at + fresh_failure;
      if (now_ < settled)
        wake(settled);
      else
        why = {"ImagePullBackOff", "Back-off pulling image \"" + c.image + "\": " + why.message};
    }
    out_.held[c.name] = std::move(why);
  }

  /// Dead containers beyond those that status and `logs --previous` show, and emptied sandboxes.
  void collect_garbage() {
    std::map<std::string, std::size_t> count;
    std::vector<std::string> used = {sandbox_->id};
    for (const auto& c : seen_.containers) { // newest first
      if (++count[c.name] > kept && !is_running(c))
        out_.steps.emplace_back(remove_container{c.id});
      else
        used.push_back(c.sandbox_id);
    }
    for (const auto& s : seen_.sandboxes)
      if (std::find(used.begin(), used.end(), s.id) == used.end())
        out_.steps.emplace_back(remove_sandbox{s.id});
  }

  const container_status* here(const container& c) const {
    return latest_in(seen_, sandbox_->id, c.name);
  }

  bool main_begun() const {
    return std::any_of(pod_.containers.begin(), pod_.containers.end(),
                       [this](const auto& c) { return here(c) != nullptr; });
  }

  /// The last init container that was ever created here: all before it are through.
  std::size_t furthest_init() const {
    for (auto i = pod_.init.size(); i > 0; --i)
      if (here(pod_.init[i - 1]) != nullptr)
        return i - 1;
    return 0;
  }

  void wake(instant at) { out_.again = out_.again ? std::min(*out_.again, at) : at; }

  const pod& pod_;
  const pod_state& seen_;
  const memory& known_;
  instant now_;
  const sandbox_status* sandbox_ = nullptr;
  plan out_;
};

} // namespace

plan plan_pod(const pod& p, const pod_state& seen, const memory& known, instant now) {
  return planner(p, seen, known, now).run();
}

std::vector<step> plan_removal(const pod_state& seen) {
  std::vector<step> out;
  if (anything_alive(seen))
    out.emplace_back(kill_pod{0s, "forgotten"});
  for (const auto& c : seen.containers)
    out.emplace_back(remove_container{c.id});
  for (const auto& s : seen.sandboxes)
    out.emplace_back(remove_sandbox{s.id});
  return out;
}

std::vector<std::vector<std::string>> kill_waves(const pod& p, const pod_state& seen) {
  std::vector<std::vector<std::string>> out(1);
  std::map<std::size_t, std::vector<std::string>, std::greater<>> sidecars; // last first
  for (const auto& status : seen.containers) {
    if (!is_running(status))
      continue;
    auto found = std::find_if(p.init.begin(), p.init.end(), [&](const auto& c) {
      return c.name == status.name && is_sidecar(c);
    });
    if (found == p.init.end())
      out.front().push_back(status.id);
    else
      sidecars[static_cast<std::size_t>(found - p.init.begin())].push_back(status.id);
  }
  for (auto& [index, ids] : sidecars)
    out.push_back(std::move(ids));
  if (out.front().empty())
    out.erase(out.begin());
  return out;
}

bool may_start(const pod& p, const container& c, const container_status* last) {
  if (last == nullptr || last->state != container_state::exited)
    return true;
  switch (effective_restart(p, c)) {
  case restart_policy::always: return true;
  case restart_policy::on_failure: return last->exit_code != 0;
  default: return false;
  }
}

bool is_initialized(const pod& p, const pod_state& seen, const memory& known) {
  const auto* sandbox = current(seen);
  if (sandbox == nullptr)
    return p.init.empty();
  for (const auto& c : p.containers)
    if (latest_in(seen, sandbox->id, c.name) != nullptr)
      return true;
  return std::all_of(p.init.begin(), p.init.end(), [&](const container& c) {
    const auto* status = latest_in(seen, sandbox->id, c.name);
    if (status == nullptr)
      return false;
    return is_sidecar(c) ? has_started(c, *status, known)
                         : status->state == container_state::exited && status->exit_code == 0;
  });
}

bool is_over(const pod& p, const pod_state& seen, const memory& known) {
  if (known.ended)
    return true;
  auto ended = [&](const container& c, const container_status* last) {
    return last != nullptr && last->state == container_state::exited && !may_start(p, c, last);
  };
  for (const auto& c : p.init) {
    const auto* last = latest(seen, c.name);
    if (!is_sidecar(c) && ended(c, last) && last->exit_code != 0)
      return true;
  }
  return !p.containers.empty()
         && std::all_of(p.containers.begin(), p.containers.end(),
                        [&](const container& c) { return ended(c, latest(seen, c.name)); });
}

} // namespace troupe::kubelet
