#include "actors/api/auth/policy.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>

namespace troupe::authz {
namespace {

using nlohmann::json;

constexpr std::string_view cluster_role = "ClusterRole";

bool is_role(std::string_view key) {
  key.remove_prefix(policy_prefix.size());
  return key.starts_with("roles/") || key.starts_with("clusterroles/");
}

bool is_binding(std::string_view key) {
  key.remove_prefix(policy_prefix.size());
  return key.starts_with("rolebindings/") || key.starts_with("clusterrolebindings/");
}

std::string role_key(std::string_view kind, std::string_view ns, std::string_view name) {
  std::string out{policy_prefix};
  if (kind == cluster_role)
    return out.append("clusterroles/").append(name);
  return out.append("roles/").append(ns).append("/").append(name);
}

std::string text_in(const json& tree, const char* key) {
  auto at = tree.find(key);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

std::string not_there(std::string_view kind, std::string_view name) {
  return std::string{kind == cluster_role ? "clusterrole" : "role"}
         + ".rbac.authorization.k8s.io \"" + std::string{name} + "\" not found";
}

std::string joined(const std::vector<std::string>& errors) {
  if (errors.size() == 1)
    return errors[0];
  std::string out;
  for (const auto& e : errors)
    out += (out.empty() ? "" : ", ") + e;
  return "[" + out + "]";
}

std::string scoped(std::string_view subject, std::string_view ns) {
  return std::string{subject}.append("\n").append(ns);
}

} // namespace

std::shared_ptr<policy> policy::of(const store::view& v) {
  auto out = std::make_shared<policy>();
  out->sync(v);
  return out;
}

void policy::sync(const store::view& v) {
  if (v.at() < at_)
    return;
  std::unordered_set<std::string_view> seen;
  v.scan({.prefix = std::string{policy_prefix}, .from = {}, .limit = 0},
         [&](const store::record_ptr& record) {
           put(record);
           seen.insert(record->key);
           return true;
         });
  std::vector<std::string> gone;
  for (const auto& [key, known] : roles_)
    if (!seen.contains(key))
      gone.push_back(key);
  for (const auto& [key, known] : bindings_)
    if (!seen.contains(key))
      gone.push_back(key);
  for (const auto& key : gone)
    erase(key);
  at_ = v.at();
}

void policy::take(const store::change& c) {
  if (c.at <= at_ || !c.key().starts_with(policy_prefix))
    return;
  if (c.now)
    put(c.now);
  else
    erase(c.key());
  at_ = c.at;
}

void policy::put(const store::record_ptr& record) {
  if (is_role(record->key)) {
    auto& known = roles_[record->key];
    if (known.from && known.from->modified == record->modified)
      return;
    auto tree = json::parse(*record->value, nullptr, false);
    known = {record, tree.is_object() ? read_rules(tree.value("rules", json::array())) : rules{}};
  } else if (is_binding(record->key)) {
    auto& known = bindings_[record->key];
    if (known.from && known.from->modified == record->modified)
      return;
    unlist(known.what);
    known = {record, read_binding(*record)};
    for (const auto& s : known.what.subjects)
      by_subject_[scoped(s.key, known.what.ns)].push_back(&known.what);
  }
}

void policy::erase(const std::string& key) {
  roles_.erase(key);
  if (auto found = bindings_.find(key); found != bindings_.end()) {
    unlist(found->second.what);
    bindings_.erase(found);
  }
}

void policy::unlist(const binding& b) {
  for (const auto& s : b.subjects) {
    auto found = by_subject_.find(scoped(s.key, b.ns));
    if (found == by_subject_.end())
      continue;
    std::erase(found->second, &b);
    if (found->second.empty())
      by_subject_.erase(found);
  }
}

policy::binding policy::read_binding(const store::record& record) {
  binding out;
  auto tree = json::parse(*record.value, nullptr, false);
  if (!tree.is_object())
    return out;
  const auto meta = tree.value("metadata", json::object());
  const auto ref = tree.value("roleRef", json::object());
  out.ns = text_in(meta, "namespace");
  out.name = text_in(meta, "name");
  out.role_kind = text_in(ref, "kind");
  out.role_name = text_in(ref, "name");
  for (const auto& s : tree.value("subjects", json::array())) {
    auto kind = text_in(s, "kind");
    auto name = text_in(s, "name");
    if (kind == "ServiceAccount") {
      auto ns = text_in(s, "namespace");
      if (ns.empty())
        ns = out.ns;
      if (!ns.empty())
        out.subjects.push_back({"usystem:serviceaccount:" + ns + ":" + name,
                                "ServiceAccount \"" + name + "/" + ns + "\""});
    } else if (kind == "User" || kind == "Group") {
      out.subjects.push_back({(kind == "User" ? "u" : "g") + name, kind + " \"" + name + "\""});
    }
  }
  return out;
}

const rules* policy::find_role(const binding& b) const {
  if (b.ns.empty() && b.role_kind != cluster_role)
    return nullptr;
  auto found = roles_.find(role_key(b.role_kind, b.ns, b.role_name));
  return found == roles_.end() ? nullptr : &found->second.list;
}

template <class Visit>
bool policy::each(const api::user& u, std::string_view ns, const Visit& visit) const {
  auto through = [&](const std::string& whom) {
    auto found = by_subject_.find(scoped(whom, ns));
    if (found == by_subject_.end())
      return true;
    return std::all_of(found->second.begin(), found->second.end(),
                       [&](const binding* b) { return visit(*b, whom); });
  };
  return through("u" + u.name) && std::all_of(u.groups.begin(), u.groups.end(), [&](const auto& g) {
           return through("g" + g);
         });
}

decision policy::decide(const attributes& a) const {
  decision out;
  std::vector<std::string> errors;
  auto visit = [&](const binding& b, const std::string& whom) {
    const auto* list = find_role(b);
    if (!list) {
      errors.push_back(not_there(b.role_kind, b.role_name));
      return true;
    }
    if (std::none_of(list->begin(), list->end(), [&](const rule& r) { return r.allows(a); }))
      return true;
    auto bound = std::find_if(b.subjects.begin(), b.subjects.end(),
                              [&](const policy::subject& s) { return s.key == whom; });
    out.allowed = true;
    out.reason =
      "RBAC: allowed by "
      + (b.ns.empty() ? "ClusterRoleBinding \"" + b.name : "RoleBinding \"" + b.name + "/" + b.ns)
      + "\" of " + b.role_kind + " \"" + b.role_name + "\" to " + bound->shown;
    return false;
  };
  if (each(a.who, "", visit) && a.resource && !a.ns.empty())
    each(a.who, a.ns, visit);
  if (!out.allowed && !errors.empty())
    out.reason = "RBAC: " + joined(errors);
  return out;
}

held_rules policy::rules_of(const api::user& u, std::string_view ns) const {
  held_rules out;
  auto visit = [&](const binding& b, const std::string&) {
    if (const auto* list = find_role(b))
      out.list.insert(out.list.end(), list->begin(), list->end());
    else
      out.errors.push_back(not_there(b.role_kind, b.role_name));
    return true;
  };
  each(u, "", visit);
  if (!ns.empty())
    each(u, ns, visit);
  return out;
}

result<rules> policy::role(std::string_view kind, std::string_view ns,
                           std::string_view name) const {
  auto found = roles_.find(role_key(kind, ns, name));
  if (found == roles_.end() || (ns.empty() && kind != cluster_role))
    return failure{.reason = reason::not_found,
                   .message = std::string{kind == cluster_role ? "clusterroles" : "roles"}
                              + ".rbac.authorization.k8s.io \"" + std::string{name}
                              + "\" not found"};
  return found->second.list;
}

} // namespace troupe::authz
