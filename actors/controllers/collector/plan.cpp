#include "actors/controllers/collector/plan.hpp"

#include "actors/controllers/claim.hpp"
#include "actors/controllers/json.hpp"

#include <algorithm>

namespace troupe::collector {
namespace {

constexpr const char* foreground = "foregroundDeletion";
constexpr const char* orphan = "orphan";

bool holds(const api::metadata& meta, std::string_view finalizer) {
  return std::find(meta.finalizers.begin(), meta.finalizers.end(), finalizer)
         != meta.finalizers.end();
}

control::patch without(const observed& o, const char* finalizer) {
  auto left = o.meta.finalizers;
  std::erase(left, finalizer);
  return {.at = control::exactly(o.of, o.meta), .body = control::finalizers_patch(left)};
}

control::actions let_dependents_go(const observed& o) {
  control::actions out;
  for (const auto& [of, meta] : o.dependents)
    out.push_back(control::release(of, meta, o.meta.uid));
  out.push_back(without(o, orphan));
  return out;
}

/// Owners that do not hold it any more leave its list.
control::patch drop_owners(const observed& o) {
  std::vector<api::owner> left;
  for (std::size_t i = 0; i < o.meta.owners.size(); ++i)
    if (o.owners[i] == owner_state::solid)
      left.push_back(o.meta.owners[i]);
  return {.at = control::exactly(o.of, o.meta), .body = control::owners_patch(left)};
}

control::patch stop_blocking(const observed& o) {
  auto owners = o.meta.owners;
  for (auto& owner : owners)
    owner.block_owner_deletion = false;
  return {.at = control::exactly(o.of, o.meta), .body = control::owners_patch(owners)};
}

control::remove remove(const observed& o, api::propagation how) {
  // Exactly this version: somebody may just be giving it another owner.
  return {.at = control::exactly(o.of, o.meta), .propagate = how};
}

} // namespace

std::optional<observed> observe(const graph& g, const identity& who, const lookup& find) {
  auto meta = find(who);
  if (!meta || meta->uid != who.uid)
    return std::nullopt;
  observed o{.of = who.of, .meta = std::move(*meta), .owners = {}};
  for (const auto& owner : o.meta.owners)
    o.owners.push_back(g.state_of(o.meta, owner));
  auto dependents = g.dependents(who.uid);
  o.has_dependents = !dependents.empty();
  o.blocked = g.blocked(who.uid);
  o.dependent_waits = g.dependent_waits(who.uid);
  if (o.meta.deleted && holds(o.meta, orphan))
    for (const auto& d : dependents)
      if (auto found = find(d); found && found->uid == d.uid)
        o.dependents.emplace_back(d.of, std::move(*found));
  return o;
}

control::actions plan(const observed& o) {
  if (o.meta.deleted) {
    if (holds(o.meta, orphan))
      return let_dependents_go(o);
    if (holds(o.meta, foreground) && !o.blocked)
      return {without(o, foreground)};
    return {};
  }
  auto count = [&](owner_state s) { return std::count(o.owners.begin(), o.owners.end(), s); };
  if (o.owners.empty() || count(owner_state::unknown) > 0)
    return {};
  auto solid = count(owner_state::solid);
  auto waiting = count(owner_state::waiting);
  if (solid > 0)
    return static_cast<std::size_t>(solid) == o.owners.size() ? control::actions{}
                                                              : control::actions{drop_owners(o)};
  if (waiting > 0 && o.has_dependents) {
    if (o.dependent_waits) // a circle of foreground deletions: somebody has to stop blocking
      return {stop_blocking(o), control::remove{.at = control::at(o.of, o.meta),
                                                .propagate = api::propagation::foreground}};
    return {remove(o, api::propagation::foreground)};
  }
  if (holds(o.meta, orphan))
    return {remove(o, api::propagation::orphan)};
  if (holds(o.meta, foreground))
    return {remove(o, api::propagation::foreground)};
  return {remove(o, api::propagation::background)};
}

} // namespace troupe::collector
