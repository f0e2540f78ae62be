#include "actors/kubelet/pod/plan.hpp"

#include <algorithm>

namespace troupe::kubelet {

namespace {

constexpr auto retry_start = 10s;
constexpr auto first_sandbox_retry = 1s; // the pod network may be seconds away
constexpr auto last_sandbox_retry = 30s;

} // namespace

void backoff::count(instant failed, instant now, duration first, duration longest) {
  auto forgotten = failed - since > 2 * longest;
  wait = wait == 0s || forgotten ? first : std::min(wait * 2, longest);
  since = now;
}

instant backoff::after(instant failed) const {
  return failed - since > 2 * maximum ? failed : failed + wait;
}

void note_start(memory& known, const runtime::pod_state& seen, const std::string& name,
                instant now) {
  const auto* last = latest(seen, name);
  if (last != nullptr && last->state == runtime::container_state::exited)
    known.crash[name].count(last->finished, now);
}

void note_failure(memory& known, const container& c, waiting why, instant now) {
  auto retry = now + retry_start;
  if (why.reason == "ErrImagePull") {
    auto& tries = known.pull[c.image];
    tries.count(now, now);
    retry = tries.after(now);
  }
  known.failed[c.name] = {std::move(why), now, retry};
}

void note_sandbox_failure(memory& known, waiting why, instant now) {
  known.sandbox_tries.count(now, now, first_sandbox_retry, last_sandbox_retry);
  known.sandbox = failed_start{std::move(why), now, known.sandbox_tries.after(now)};
}

const runtime::container_status* latest(const runtime::pod_state& seen, std::string_view name) {
  for (const auto& c : seen.containers)
    if (c.name == name)
      return &c;
  return nullptr;
}

const runtime::container_status* latest_in(const runtime::pod_state& seen,
                                           const std::string& sandbox_id, std::string_view name) {
  for (const auto& c : seen.containers)
    if (c.name == name && c.sandbox_id == sandbox_id)
      return &c;
  return nullptr;
}

const runtime::sandbox_status* current(const runtime::pod_state& seen) {
  return seen.sandboxes.empty() ? nullptr : &seen.sandboxes.front();
}

bool usable(const runtime::sandbox_status& sandbox) {
  return sandbox.state == runtime::sandbox_state::ready
         && (sandbox.node_network || !sandbox.ips.empty());
}

restart_policy effective_restart(const pod& p, const container& c) {
  if (c.restart)
    return *c.restart;
  // An init container must succeed; how often it may try is the pod's policy.
  auto init = std::any_of(p.init.begin(), p.init.end(), [&](const auto& i) { return &i == &c; });
  return init && p.restart == restart_policy::always ? restart_policy::on_failure : p.restart;
}

std::optional<instant> deadline_of(const pod& p, const memory& known) {
  if (!p.active_deadline || known.start == instant{})
    return std::nullopt;
  return known.start + *p.active_deadline;
}

} // namespace troupe::kubelet
