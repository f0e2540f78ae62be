#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

namespace troupe::control {

using nlohmann::json;

json owners_json(const std::vector<api::owner>& owners) {
  auto out = json::array();
  for (const auto& o : owners) {
    json one{{"apiVersion", o.api_version}, {"kind", o.kind}, {"name", o.name}, {"uid", o.uid}};
    if (o.controller)
      one["controller"] = true;
    if (o.block_owner_deletion)
      one["blockOwnerDeletion"] = true;
    out.push_back(std::move(one));
  }
  return out;
}

std::string owners_patch(const std::vector<api::owner>& owners) {
  return json{{"metadata", {{"ownerReferences", owners_json(owners)}}}}.dump();
}

std::string finalizers_patch(const std::vector<std::string>& finalizers) {
  json list = json::array();
  for (const auto& f : finalizers)
    list.push_back(f);
  return json{{"metadata", {{"finalizers", std::move(list)}}}}.dump();
}

json conditions_json(const std::vector<views::condition>& all, std::string_view updated_as) {
  auto out = json::array();
  for (const auto& c : all) {
    json one{{"type", c.type}, {"status", c.status}};
    if (!c.reason.empty())
      one["reason"] = c.reason;
    if (!c.message.empty())
      one["message"] = c.message;
    if (c.updated && !updated_as.empty())
      one[std::string{updated_as}] = api::format_time(*c.updated);
    if (c.transitioned)
      one["lastTransitionTime"] = api::format_time(*c.transitioned);
    out.push_back(std::move(one));
  }
  return out;
}

json count_json(std::int64_t n) { return n == 0 ? json{} : json(n); }

} // namespace troupe::control
