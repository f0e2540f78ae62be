// Defaults of pods and of templates.
#include "actors/api/rules/checks.hpp"
#include "actors/api/rules/defaults.hpp"
#include "config/api/quantity.hpp"

#include <map>

namespace troupe::rules {
namespace {

/// Always for the tag latest and for none, IfNotPresent for any other tag and for a digest.
const char* pull_policy(std::string_view image) {
  if (image.find('@') != image.npos)
    return "IfNotPresent";
  auto slash = image.rfind('/');
  auto name = slash == image.npos ? image : image.substr(slash + 1);
  auto colon = name.find(':');
  return colon == name.npos || name.substr(colon + 1) == "latest" ? "Always" : "IfNotPresent";
}

void default_container(json& container) {
  if (!container.contains("imagePullPolicy") || container["imagePullPolicy"] == "")
    container["imagePullPolicy"] = pull_policy(text_of(container, "image"));
}

/// What a container may not exceed it asks for. (Of pods only: a template keeps what was written.)
void request_limits(json& container) {
  const auto limits = member(member(container, "resources"), "limits");
  if (!limits.is_object())
    return;
  for (const auto& [name, amount] : limits.items())
    if (!member(container["resources"], "requests").contains(name))
      container["resources"]["requests"][name] = amount;
}

bool has_source(const json& volume) { return volume.size() > (volume.contains("name") ? 1 : 0); }

/// The amounts of cpu and memory that all containers name together, per kind of amount.
struct amounts {
  std::map<std::string, api::quantity> requests;
  std::map<std::string, api::quantity> limits;
  bool all_limited = true; // every container limits both
};

void add(std::map<std::string, api::quantity>& to, const json& map) {
  for (const char* name : {"cpu", "memory"})
    if (const auto& value = member(map, name); value.is_string())
      if (auto q = api::quantity::parse(value.get_ref<const std::string&>()); q && !q->zero())
        to[name] += *q;
}

amounts sum(const json& spec) {
  amounts out;
  for (const char* list : {"containers", "initContainers"})
    for (const auto& container : member(spec, list)) {
      const auto& resources = member(container, "resources");
      add(out.requests, member(resources, "requests"));
      add(out.limits, member(resources, "limits"));
      for (const char* name : {"cpu", "memory"})
        out.all_limited = out.all_limited && member(member(resources, "limits"), name).is_string();
    }
  return out;
}

} // namespace

void default_pod_spec(json& spec) {
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"})
    if (spec.contains(list))
      for (auto& container : spec[list])
        default_container(container);
  if (spec.contains("volumes"))
    for (auto& volume : spec["volumes"])
      if (!has_source(volume))
        volume["emptyDir"] = json::object();
  if (member(spec, "hostNetwork") == json(true))
    for (const char* list : {"containers", "initContainers"})
      if (spec.contains(list))
        for (auto& container : spec[list])
          if (container.contains("ports"))
            for (auto& port : container["ports"])
              if (number_of(port, "hostPort").value_or(0) == 0 && port.contains("containerPort"))
                port["hostPort"] = port["containerPort"];
  // one account under two names: what is set in one is set in both
  auto account = text_of(spec, "serviceAccountName");
  if (account.empty())
    account = text_of(spec, "serviceAccount");
  if (!account.empty())
    spec["serviceAccountName"] = spec["serviceAccount"] = account;
}

const char* qos_class(const json& spec) {
  auto total = sum(spec);
  if (total.requests.empty() && total.limits.empty())
    return "BestEffort";
  return total.all_limited && total.requests == total.limits ? "Guaranteed" : "Burstable";
}

void default_pod(json& tree) {
  auto& spec = tree["spec"];
  if (!spec.is_object())
    return;
  default_pod_spec(spec);
  for (const char* list : {"containers", "initContainers"})
    if (spec.contains(list))
      for (auto& container : spec[list])
        request_limits(container);
  auto& status = tree["status"];
  if (!status.is_object())
    status = json::object();
  if (!status.contains("phase"))
    status["phase"] = "Pending";
  if (!status.contains("qosClass"))
    status["qosClass"] = qos_class(spec);
}

} // namespace troupe::rules
