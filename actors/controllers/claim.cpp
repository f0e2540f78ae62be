#include "actors/controllers/claim.hpp"

#include "actors/controllers/json.hpp"

namespace troupe::control {

tie tie_of(const api::metadata& who, const api::metadata& owner,
           const api::label_selector& selector) {
  const auto* controller = who.controller();
  bool selected = selector.matches(who.labels);
  if (controller == nullptr)
    return selected && !owner.deleted && !who.deleted ? tie::adopt : tie::other;
  if (controller->uid != owner.uid)
    return tie::other;
  return selected || owner.deleted ? tie::mine : tie::release;
}

// Both patches write the whole list of owners, so they hold only for the state that was seen.

patch adopt(const resource& of, const api::metadata& who, const api::owner& owner) {
  auto owners = who.owners;
  owners.push_back(owner);
  return {.at = exactly(of, who), .body = owners_patch(owners)};
}

patch release(const resource& of, const api::metadata& who, const std::string& owner_uid) {
  auto owners = who.owners;
  std::erase_if(owners, [&](const auto& o) { return o.uid == owner_uid; });
  return {.at = exactly(of, who), .body = owners_patch(owners)};
}

} // namespace troupe::control
