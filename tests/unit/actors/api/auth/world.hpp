// A store with roles, bindings and whatever else authorization looks at, and requests to judge.
#pragma once

#include "actors/api/auth/authorize.hpp"
#include "tests/support/memory_store.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace troupe::authz::tests {

using nlohmann::json;

class world {
public:
  void put(const std::string& key, const json& value) {
    store.apply(
      {.when = {},
       .then = {
         {.what = store::operation::kind::put, .key = "/registry/" + key, .value = value.dump()}}});
  }
  void erase(const std::string& key) {
    store.apply(
      {.when = {},
       .then = {{.what = store::operation::kind::erase, .key = "/registry/" + key, .value = {}}}});
  }

  void role(const std::string& ns, const std::string& name, json rules) {
    put(key("roles", ns, name), {{"kind", ns.empty() ? "ClusterRole" : "Role"},
                                 {"metadata", meta(ns, name)},
                                 {"rules", std::move(rules)}});
  }
  /// `to`: KIND/ROLE; subjects: "user:NAME", "group:NAME", "account:NS/NAME" ("account:/NAME").
  void bind(const std::string& ns, const std::string& name, const std::string& to,
            const std::vector<std::string>& subjects) {
    json list = json::array();
    for (const auto& s : subjects) {
      auto colon = s.find(':');
      auto kind = s.substr(0, colon);
      auto rest = s.substr(colon + 1);
      if (kind == "account") {
        auto slash = rest.find('/');
        list.push_back({{"kind", "ServiceAccount"}, {"name", rest.substr(slash + 1)}});
        if (slash > 0)
          list.back()["namespace"] = rest.substr(0, slash);
      } else {
        list.push_back({{"kind", kind == "user" ? "User" : "Group"}, {"name", rest}});
      }
    }
    auto slash = to.find('/');
    put(key("rolebindings", ns, name),
        {{"metadata", meta(ns, name)},
         {"roleRef", {{"kind", to.substr(0, slash)}, {"name", to.substr(slash + 1)}}},
         {"subjects", std::move(list)}});
  }

  result<void> authorize(const api::request& r) {
    auto view = store.view();
    return authz::authorize(r, *view, *policy::of(*view));
  }

  support::memory_store store;

private:
  static std::string key(const std::string& plural, const std::string& ns,
                         const std::string& name) {
    return "rbac.authorization.k8s.io/"
           + (ns.empty() ? "cluster" + plural + "/" : plural + "/" + ns + "/") + name;
  }
  static json meta(const std::string& ns, const std::string& name) {
    json out{{"name", name}};
    if (!ns.empty())
      out["namespace"] = ns;
    return out;
  }
};

inline json grants(std::vector<std::string> verbs, std::vector<std::string> groups,
                   std::vector<std::string> resources, std::vector<std::string> names = {}) {
  json out{{"verbs", verbs}, {"apiGroups", groups}, {"resources", resources}};
  if (!names.empty())
    out["resourceNames"] = names;
  return out;
}
inline json grants_path(std::vector<std::string> verbs, std::vector<std::string> urls) {
  return {{"verbs", verbs}, {"nonResourceURLs", urls}};
}

/// "pods", "deployments.apps", "pods/log", "deployments.apps/scale".
inline api::request asks(api::user who, api::verb verb, std::string_view resource,
                         std::string ns = {}, std::string name = {}) {
  api::request r;
  r.verb = verb;
  r.version = "v1";
  auto slash = resource.find('/');
  if (slash != resource.npos)
    r.subresource = resource.substr(slash + 1);
  resource = resource.substr(0, slash);
  auto dot = resource.find('.');
  r.resource = resource.substr(0, dot);
  r.group = dot == resource.npos ? "" : resource.substr(dot + 1);
  r.ns = std::move(ns);
  r.name = std::move(name);
  r.from = std::move(who);
  return r;
}
inline api::request reads_path(api::user who, std::string path) {
  api::request r;
  r.verb = api::verb::document;
  r.path = std::move(path);
  r.from = std::move(who);
  return r;
}

inline api::user user(std::string name, std::vector<std::string> groups = {}) {
  groups.emplace_back("system:authenticated");
  return {.name = std::move(name), .groups = std::move(groups), .uid = {}};
}
inline api::user account(const std::string& ns, const std::string& name) {
  return user("system:serviceaccount:" + ns + ":" + name,
              {"system:serviceaccounts", "system:serviceaccounts:" + ns});
}

} // namespace troupe::authz::tests
