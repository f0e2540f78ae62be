#include "config/bootstrap/policy.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>

namespace troupe::bootstrap {
namespace {

using nlohmann::json;

constexpr auto group = "rbac.authorization.k8s.io";
constexpr auto version = "rbac.authorization.k8s.io/v1";
constexpr auto autoupdate = "rbac.authorization.kubernetes.io/autoupdate";
constexpr auto aggregate = "rbac.authorization.k8s.io/aggregate-to-";

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, at);)
    if (!part.empty())
      out.push_back(part);
  return out;
}

json verbs_of(const std::string& text) {
  constexpr auto reading = "get,list,watch";
  constexpr auto writing = "create,delete,deletecollection,patch,update";
  auto whole = text == "read"    ? std::string{reading}
               : text == "write" ? std::string{writing}
               : text == "all"   ? std::string{reading} + "," + writing
               : text == "emit"  ? std::string{"create,patch,update"}
                                 : text;
  return split(whole, ',');
}

json groups_of(const std::string& text) {
  auto out = json::array();
  for (const auto& g : split(text, ','))
    out.push_back(g == "core" ? "" : g);
  return out;
}

json object(const char* kind, const std::string& ns, const std::string& name) {
  json out{{"apiVersion", version},
           {"kind", kind},
           {"metadata",
            {{"name", name},
             {"labels", {{"kubernetes.io/bootstrapping", "rbac-defaults"}}},
             {"annotations", {{autoupdate, "true"}}}}}};
  if (!ns.empty())
    out["metadata"]["namespace"] = ns;
  return out;
}

json cluster_role(const std::vector<std::string>& words) {
  auto out = object("ClusterRole", {}, words[1]);
  for (std::size_t i = 2; i < words.size(); ++i) {
    auto role = words[i].substr(words[i].find('=') + 1);
    if (words[i].starts_with("into="))
      out["metadata"]["labels"][aggregate + role] = "true";
    else
      out["aggregationRule"]["clusterRoleSelectors"] =
        json::array({{{"matchLabels", {{aggregate + role, "true"}}}}});
  }
  out["rules"] = json::array();
  return out;
}

json rule(const std::vector<std::string>& words) {
  if (words[1] == "url")
    return {{"verbs", verbs_of(words[0])}, {"nonResourceURLs", split(words[2], ',')}};
  json out{{"verbs", verbs_of(words[0])},
           {"apiGroups", groups_of(words[1])},
           {"resources", split(words[2], ',')}};
  if (words.size() > 3)
    out["resourceNames"] = split(words[3], ',');
  return out;
}

json subject(const std::string& word) {
  auto colon = word.find(':');
  auto kind = word.substr(0, colon);
  auto name = word.substr(colon + 1);
  if (kind == "account") {
    auto slash = name.find('/');
    return {{"kind", "ServiceAccount"},
            {"namespace", name.substr(0, slash)},
            {"name", name.substr(slash + 1)}};
  }
  return {{"kind", kind == "user" ? "User" : "Group"}, {"apiGroup", group}, {"name", name}};
}

json binding(const char* kind, const std::string& ns, const std::vector<std::string>& words,
             std::size_t name, const std::string& role_kind, const std::string& role) {
  auto out = object(kind, ns, words[name]);
  out["roleRef"] = {{"apiGroup", group}, {"kind", role_kind}, {"name", role}};
  for (std::size_t i = name + 2; i < words.size(); ++i)
    out["subjects"].push_back(subject(words[i]));
  return out;
}

/// What `more` has that `list` has not, behind it.
json with_all(json list, const json& more) {
  if (!list.is_array())
    list = json::array();
  for (const auto& e : more)
    if (std::find(list.begin(), list.end(), e) == list.end())
      list.push_back(e);
  return list;
}

/// Labels and annotations that the owner has not set himself.
json missing_marks(const json& wanted, const json& now) {
  auto out = json::object();
  for (const char* key : {"labels", "annotations"})
    for (const auto& [name, value] : wanted.at("metadata").at(key).items())
      if (!now.at("metadata").value(key, json::object()).contains(name))
        out[key][name] = value;
  return out;
}

} // namespace

result<std::vector<json>> read_policy(std::string_view text) {
  std::vector<json> roles;
  std::vector<json> bindings;
  std::istringstream in{std::string{text}};
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#')
      continue;
    auto words = split(line, ' ');
    const auto& what = words[0];
    auto of_role = line[0] == ' ' && words.size() >= 3 && !roles.empty();
    if (of_role)
      roles.back()["rules"].push_back(rule(words));
    else if (what == "cluster-role" && words.size() >= 2)
      roles.push_back(cluster_role(words));
    else if (what == "role" && words.size() == 3)
      roles.push_back(object("Role", words[1], words[2]));
    else if (what == "cluster-binding" && words.size() >= 3)
      bindings.push_back(binding("ClusterRoleBinding", {}, words, 1, "ClusterRole", words[2]));
    else if (what == "binding" && words.size() >= 5 && words[3].find('/') != std::string::npos)
      bindings.push_back(binding("RoleBinding", words[1], words, 2,
                                 words[3].substr(0, words[3].find('/')),
                                 words[3].substr(words[3].find('/') + 1)));
    else
      return failure{.reason = reason::bad_request,
                     .message = "reading the bootstrap policy: line " + std::to_string(number)
                                + ": \"" + line + "\""};
  }
  roles.insert(roles.end(), bindings.begin(), bindings.end());
  return roles;
}

json reconciled(const json& wanted, const json& now) {
  if (now.is_null())
    return wanted;
  const auto annotations = now.at("metadata").value("annotations", json::object());
  if (annotations.value(autoupdate, "") == "false")
    return nullptr;
  json patch = json::object();
  if (auto marks = missing_marks(wanted, now); !marks.empty())
    patch["metadata"] = std::move(marks);
  // the rules of an aggregate are its controller's
  if (wanted.contains("aggregationRule")) {
    if (!now.contains("aggregationRule"))
      patch["aggregationRule"] = wanted["aggregationRule"];
  } else {
    for (const char* key : {"rules", "subjects"}) {
      auto there = now.value(key, json::array());
      auto whole = with_all(there, wanted.value(key, json::array()));
      if (whole.size() != there.size())
        patch[key] = std::move(whole);
    }
  }
  return patch.empty() ? json(nullptr) : patch;
}

} // namespace troupe::bootstrap
