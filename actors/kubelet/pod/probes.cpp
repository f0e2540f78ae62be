#include "actors/kubelet/pod/probes.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::kubelet {

std::vector<due_probe> probe_book::arrange(const pod& p, const runtime::pod_state& seen,
                                           const memory& known, instant now) {
  std::vector<due_probe> out;
  std::map<std::pair<std::string, probe_kind>, probe_record> kept;
  auto watch = [&](const container& c, const runtime::container_status& status, probe_kind kind) {
    const auto& what = probe_of(c, kind);
    if (!what)
      return;
    auto key = std::pair{status.id, kind};
    auto old = records_.find(key);
    if (old != records_.end()) {
      kept.insert(*old);
      return;
    }
    kept[key] = {};
    auto begins = status.started + what->initial_delay;
    out.push_back({status.id, kind, begins > now ? begins - now : duration(0)});
  };
  for (const auto* list : {&p.init, &p.containers})
    for (const auto& c : *list) {
      const auto* status = latest(seen, c.name);
      if (status == nullptr || status->state != runtime::container_state::running)
        continue;
      auto started = known.started.find(status->id);
      if (c.startup && (started == known.started.end() || !started->second)) {
        watch(c, *status, probe_kind::startup);
        continue;
      }
      watch(c, *status, probe_kind::liveness);
      watch(c, *status, probe_kind::readiness);
    }
  records_ = std::move(kept);
  return out;
}

bool probe_book::note(const probe& what, const std::string& container_id, probe_kind kind, bool ok,
                      memory& known) {
  auto found = records_.find({container_id, kind});
  if (found == records_.end())
    return false;
  auto& record = found->second;
  record.in_a_row = record.last == ok ? record.in_a_row + 1 : 1;
  record.last = ok;
  if (record.in_a_row < (ok ? what.successes : what.failures))
    return false;
  if (record.decided && record.verdict == ok)
    return false;
  record.decided = true;
  record.verdict = ok;
  switch (kind) {
  case probe_kind::startup:
    if (ok)
      known.started[container_id] = true;
    else
      known.alive[container_id] = false;
    break;
  case probe_kind::liveness: known.alive[container_id] = ok; break;
  case probe_kind::readiness: known.ready[container_id] = ok; break;
  }
  return true;
}

const std::optional<probe>& probe_of(const container& c, probe_kind kind) {
  return kind == probe_kind::startup    ? c.startup
         : kind == probe_kind::liveness ? c.liveness
                                        : c.readiness;
}

std::string_view to_string(probe_kind kind) {
  return kind == probe_kind::startup    ? "Startup"
         : kind == probe_kind::liveness ? "Liveness"
                                        : "Readiness";
}

std::uint16_t port_of(const container& c, const std::string& port) {
  std::uint16_t number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error == std::errc() && end == port.data() + port.size())
    return number;
  for (const auto& one : c.ports)
    if (one.name == port)
      return static_cast<std::uint16_t>(one.number);
  return 0;
}

} // namespace troupe::kubelet
