#include "config/api/views/condition.hpp"

#include "config/api/views/parts.hpp"

#include <algorithm>

namespace troupe::views {

const condition* find(const std::vector<condition>& all, std::string_view type) {
  auto at = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.type == type; });
  return at == all.end() ? nullptr : &*at;
}

std::vector<condition> read_conditions(reader at) {
  std::vector<condition> out;
  at.each([&](reader c) {
    auto updated = c["lastUpdateTime"].time();
    out.push_back({.type = c["type"].text(),
                   .status = c["status"].text(),
                   .reason = c["reason"].text(),
                   .message = c["message"].text(),
                   .updated = updated ? updated : c["lastHeartbeatTime"].time(),
                   .transitioned = c["lastTransitionTime"].time()});
  });
  return out;
}

std::vector<toleration> read_tolerations(reader at) {
  std::vector<toleration> out;
  at.each([&](reader t) {
    toleration one{.key = t["key"].text(),
                   .value = t["value"].text(),
                   .effect = t["effect"].text(),
                   .exists = t["operator"].view() == "Exists",
                   .seconds = std::nullopt};
    if (auto seconds = t["tolerationSeconds"])
      one.seconds = seconds.number();
    out.push_back(std::move(one));
  });
  return out;
}

std::vector<taint> read_taints(reader at) {
  std::vector<taint> out;
  at.each([&](reader t) {
    out.push_back({.key = t["key"].text(),
                   .value = t["value"].text(),
                   .effect = t["effect"].text(),
                   .added = t["timeAdded"].time()});
  });
  return out;
}

bool toleration::tolerates(const taint& t) const {
  if (!effect.empty() && effect != t.effect)
    return false;
  if (key.empty())
    return exists;
  return key == t.key && (exists || value == t.value);
}

} // namespace troupe::views
