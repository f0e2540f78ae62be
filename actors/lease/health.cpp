#include "actors/lease/health.hpp"

#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::lease {
namespace {

using nlohmann::json;
using views::condition;
using views::taint;

struct rule {
  const char* condition;
  const char* status;
  const char* key;
};
/// Taints that follow from conditions. (KEP-382)
constexpr rule rules[] = {
  {"Ready", "False", "node.kubernetes.io/not-ready"},
  {"Ready", "Unknown", "node.kubernetes.io/unreachable"},
  {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
  {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
  {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
  {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
};
constexpr const char* cordon = "node.kubernetes.io/unschedulable";

bool is_ours(const taint& t) {
  bool by_condition =
    std::any_of(std::begin(rules), std::end(rules), [&](const rule& r) { return t.key == r.key; });
  return t.effect == "NoSchedule"
           ? by_condition || t.key == cordon
           : t.effect == "NoExecute" && (t.key == rules[0].key || t.key == rules[1].key);
}

/// The conditions that turn Unknown when nobody speaks for the node.
std::vector<condition> silent(const node_observed& o) {
  std::vector<condition> out;
  for (const auto* type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    const auto* old = views::find(o.node.conditions, type);
    if (old != nullptr && old->status == "Unknown")
      continue;
    condition c{.type = type,
                .status = "Unknown",
                .reason = old == nullptr ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                .message = old == nullptr ? "Kubelet never posted node status."
                                          : "Kubelet stopped posting node status.",
                .updated = old == nullptr ? o.node.meta.created : old->updated,
                .transitioned = control::to_seconds(o.now)};
    out.push_back(std::move(c));
  }
  return out;
}

bool is_silent(const node_observed& o) {
  bool spoke = views::find(o.node.conditions, "Ready") != nullptr;
  return o.now - o.last_heard > (spoke ? o.limits.grace : o.limits.startup);
}

std::string status_of(const std::vector<condition>& changed, const node_observed& o,
                      std::string_view type) {
  if (const auto* c = views::find(changed, type))
    return c->status;
  const auto* c = views::find(o.node.conditions, type);
  return c == nullptr ? "" : c->status;
}

std::vector<taint> taints_of(const node_observed& o, const std::vector<condition>& changed) {
  std::vector<taint> out;
  for (const auto& t : o.node.taints)
    if (!is_ours(t))
      out.push_back(t);
  auto add = [&](const char* key, const char* effect) {
    taint t{.key = key, .value = {}, .effect = effect, .added = control::to_seconds(o.now)};
    auto old = std::find_if(o.node.taints.begin(), o.node.taints.end(),
                            [&](const auto& have) { return have.same(t); });
    bool known = old != o.node.taints.end();
    if (!known && !o.may_evict && t.effect == "NoExecute")
      return;
    out.push_back(known ? *old : t);
  };
  for (const auto& r : rules)
    if (status_of(changed, o, r.condition) == r.status) {
      add(r.key, "NoSchedule");
      if (std::string_view{r.condition} == "Ready")
        add(r.key, "NoExecute");
    }
  if (o.node.unschedulable)
    add(cordon, "NoSchedule");
  return out;
}

bool same_set(const std::vector<taint>& a, const std::vector<taint>& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& t) {
           return std::find(b.begin(), b.end(), t) != b.end();
         });
}

json taints_json(const std::vector<taint>& all) {
  auto out = json::array();
  for (const auto& t : all) {
    json one{{"key", t.key}, {"effect", t.effect}};
    if (!t.value.empty())
      one["value"] = t.value;
    if (t.added)
      one["timeAdded"] = api::format_time(*t.added);
    out.push_back(std::move(one));
  }
  return out;
}

control::patch not_ready(const views::pod& p, instant now) {
  json condition{{"type", "Ready"},
                 {"status", "False"},
                 {"lastTransitionTime", api::format_time(control::to_seconds(now))}};
  return {.at = control::at(control::of::pods, p.meta),
          .body = json{{"status", {{"conditions", json::array({condition})}}}}.dump(),
          .subresource = "status",
          .how = api::patch_type::strategic};
}

} // namespace

void heartbeats::lease(const std::string& node, std::optional<instant> renewed, instant now) {
  auto [at, fresh] = nodes_.try_emplace(node);
  if (fresh || at->second.lease != renewed)
    at->second.at = now;
  at->second.lease = renewed;
}

void heartbeats::status(const std::string& node, std::optional<instant> heartbeat, instant now) {
  auto [at, fresh] = nodes_.try_emplace(node);
  if (fresh || at->second.status != heartbeat)
    at->second.at = now;
  at->second.status = heartbeat;
}

instant heartbeats::last(const std::string& node, instant now) {
  auto [at, fresh] = nodes_.try_emplace(node);
  if (fresh)
    at->second.at = now;
  return at->second.at;
}

control::actions plan_node(const node_observed& o) {
  control::actions out;
  auto where = control::at(control::of::nodes, o.node.meta);
  std::vector<condition> changed;
  if (is_silent(o))
    changed = silent(o);
  if (!changed.empty())
    out.push_back(control::patch{
      .at = where,
      .body =
        json{{"status", {{"conditions", control::conditions_json(changed, "lastHeartbeatTime")}}}}
          .dump(),
      .subresource = "status",
      .how = api::patch_type::strategic});
  auto before = status_of({}, o, "Ready");
  auto ready = status_of(changed, o, "Ready");
  if (before == "True" && ready != "True")
    out.push_back(
      control::emit{.about = where,
                    .api_version = "v1",
                    .object_kind = "Node",
                    .what = control::emit::kind::normal,
                    .reason = "NodeNotReady",
                    .message = "Node " + o.node.meta.name + " status is now: NodeNotReady"});
  auto taints = taints_of(o, changed);
  if (!same_set(taints, o.node.taints)) {
    // The whole list is written, so it must be the list that was seen; the status patch above has
    // moved the version on, and then this waits for the next look.
    if (changed.empty())
      out.push_back(
        control::patch{.at = control::exactly(control::of::nodes, o.node.meta),
                       .body = json{{"spec", {{"taints", taints_json(taints)}}}}.dump()});
    else
      out.push_back(control::again{1ms});
  }
  if (!ready.empty() && ready != "True")
    for (const auto& p : o.pods)
      if (p.ready())
        out.push_back(not_ready(p, o.now));
  return out;
}

zone_state state_of_zone(std::size_t ready, std::size_t not_ready) {
  if (ready == 0 && not_ready > 0)
    return zone_state::full;
  if (not_ready > 2 && 100 * not_ready >= 55 * (ready + not_ready))
    return zone_state::partial;
  return zone_state::normal;
}

void eviction_rate::set(zone_state s, std::size_t nodes, bool every_zone_full) {
  if (s == zone_state::partial)
    per_second_ = nodes > 50 ? 0.01 : 0;
  else
    per_second_ = every_zone_full ? 0 : 0.1;
}

bool eviction_rate::take(instant now) {
  if (at_)
    tokens_ =
      std::min(1.0, tokens_ + per_second_ * std::chrono::duration<double>(now - *at_).count());
  at_ = now;
  if (per_second_ <= 0 || tokens_ < 1)
    return false;
  tokens_ -= 1;
  return true;
}

} // namespace troupe::lease
