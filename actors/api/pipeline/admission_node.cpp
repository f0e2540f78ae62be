#include "actors/api/auth/node_rules.hpp"
#include "actors/api/auth/pod_references.hpp"
#include "actors/api/pipeline/admission_steps.hpp"
#include "actors/api/rules/checks.hpp"
#include "config/api/peek.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace troupe::pipeline {
namespace {

using json = nlohmann::json;
using rules::member;
using rules::text_of;
using operation = admission::operation;

constexpr auto mirror = "kubernetes.io/config.mirror";

failure forbid(const admission& a, const std::string& why) {
  auto name = a.request.name;
  if (name.empty() && a.object)
    name = text_of(member(*a.object, "metadata"), "name");
  return {.reason = reason::forbidden,
          .message = a.of.qualified() + " \"" + name + "\" is forbidden: " + why};
}

std::string name_of(const admission& a) {
  return text_of(member(a.object ? *a.object : *a.old, "metadata"), "name");
}

/// Whether a member is the same before and after; an empty one is none.
bool same(const json& a, const json& b, const char* part, const char* key) {
  const auto& before = member(member(a, part), key);
  const auto& after = member(member(b, part), key);
  return before == after || (before.empty() && after.empty());
}

/// The owner of a mirror pod, if it has one, is the Node that makes it.
result<void> check_owner(const admission& a, const std::string& node) {
  const auto& owners = member(member(*a.object, "metadata"), "ownerReferences");
  if (owners.empty())
    return {};
  auto self = "node \"" + node + "\"";
  if (owners.size() > 1)
    return forbid(a, self + " can only create pods with a single owner reference set to itself");
  const auto& o = owners[0];
  if (text_of(o, "apiVersion") != "v1" || text_of(o, "kind") != "Node"
      || text_of(o, "name") != node)
    return forbid(a, self + " can only create pods with an owner reference set to itself");
  auto record = a.view.get("/registry/core/nodes/" + node);
  auto uid = record ? api::peek_text(*record->value, {"metadata", "uid"}) : std::string{};
  if (text_of(o, "uid") != uid)
    return forbid(a, self + " UID mismatch: expected " + text_of(o, "uid") + " got " + uid);
  if (member(o, "controller") != json(true))
    return forbid(a,
                  self + " can only create pods with a controller owner reference set to itself");
  if (member(o, "blockOwnerDeletion") == json(true))
    return forbid(a, self + " must not set blockOwnerDeletion on an owner reference");
  return {};
}

result<void> create_pod(const admission& a, const std::string& node) {
  auto self = "node \"" + node + "\"";
  const auto& pod = *a.object;
  if (!member(member(member(pod, "metadata"), "annotations"), mirror).is_string())
    return forbid(a, "pod does not have \"" + std::string{mirror} + "\" annotation, " + self
                       + " can only create mirror pods");
  if (text_of(member(pod, "spec"), "nodeName") != node)
    return forbid(a, self + " can only create pods with spec.nodeName set to itself");
  CHECK_RETURN(check_owner(a, node));
  using authz::reference;
  for (auto [what, called] : {std::pair{reference::account, "a service account"},
                              {reference::secret, "secrets"},
                              {reference::config_map, "configmaps"},
                              {reference::claim, "persistentvolumeclaims"}})
    if (authz::refers_to(pod, what, {}))
      return forbid(a, self + " can not create pods that reference " + called);
  return {};
}

result<void> check_pod(const admission& a, const std::string& node) {
  if (a.what == operation::create)
    return create_pod(a, node);
  auto own = text_of(member(*a.old, "spec"), "nodeName") == node;
  if (a.what == operation::remove)
    return own ? result<void>{}
               : forbid(a, "node \"" + node
                             + "\" can only delete pods with spec.nodeName set to itself");
  if (a.request.subresource != "status")
    return forbid(a, "node \"" + node + "\" may update the status of pods only");
  if (!own)
    return forbid(a, "node \"" + node
                       + "\" can only update pod status for pods with spec.nodeName set to itself");
  if (!same(*a.old, *a.object, "metadata", "labels"))
    return forbid(a, "node \"" + node + "\" cannot update labels through pod status");
  return {};
}

/// Labels of Kubernetes' own that a kubelet sets, and those that are nobody's but the cluster's.
bool may_label(std::string_view key) {
  constexpr std::array<std::string_view, 13> own{"kubernetes.io/hostname",
                                                 "kubernetes.io/arch",
                                                 "kubernetes.io/os",
                                                 "beta.kubernetes.io/arch",
                                                 "beta.kubernetes.io/os",
                                                 "beta.kubernetes.io/instance-type",
                                                 "node.kubernetes.io/instance-type",
                                                 "topology.kubernetes.io/zone",
                                                 "topology.kubernetes.io/region",
                                                 "failure-domain.beta.kubernetes.io/zone",
                                                 "failure-domain.beta.kubernetes.io/region",
                                                 "failure-domain.kubernetes.io/zone",
                                                 "failure-domain.kubernetes.io/region"};
  if (std::find(own.begin(), own.end(), key) != own.end())
    return true;
  auto slash = key.find('/');
  if (slash == key.npos)
    return true;
  auto domain = key.substr(0, slash);
  auto within = [&](std::string_view of) {
    return domain == of || domain.ends_with("." + std::string{of});
  };
  if (within("node-restriction.kubernetes.io"))
    return false;
  if (within("kubelet.kubernetes.io") || within("node.kubernetes.io"))
    return true;
  return !within("kubernetes.io") && !within("k8s.io");
}

/// The labels that differ and that a node may not touch.
std::string touched(const json* old, const json& now) {
  static const json none = json::object();
  const auto& before = old ? member(member(*old, "metadata"), "labels") : none;
  const auto& after = member(member(now, "metadata"), "labels");
  std::set<std::string> wrong;
  for (const auto* side : {&before, &after})
    for (const auto& [key, value] : side->items())
      if (member(before, key) != member(after, key) && !may_label(key))
        wrong.insert(key);
  std::string out;
  for (const auto& key : wrong)
    out += (out.empty() ? "" : ", ") + key;
  return out;
}

result<void> check_node(const admission& a, const std::string& node) {
  auto self = "node \"" + node + "\"";
  if (name_of(a) != node)
    return forbid(a, self + " is not allowed to modify node \"" + name_of(a) + "\"");
  if (a.what == operation::remove)
    return {};
  if (auto wrong = touched(a.old, *a.object); !wrong.empty())
    return forbid(a, self
                       + (a.old ? " is not allowed to modify labels: "
                                : " is not allowed to set the following labels: ")
                       + wrong);
  if (!a.old)
    return {};
  if (!same(*a.old, *a.object, "spec", "taints"))
    return forbid(a, self + " is not allowed to modify taints");
  if (!same(*a.old, *a.object, "metadata", "ownerReferences"))
    return forbid(a, self + " is not allowed to modify ownerReferences");
  return {};
}

} // namespace

result<void> node_restriction(admission& a) {
  auto node = authz::node_of(a.request.from);
  if (node.empty())
    return {};
  if (a.of.group.empty() && a.of.plural == "pods")
    return check_pod(a, node);
  if (a.of.group.empty() && a.of.plural == "nodes")
    return check_node(a, node);
  if (a.of.plural == "leases" && a.of.group == "coordination.k8s.io" && name_of(a) != node)
    return forbid(a, "can only access node lease with the same name as the requesting node");
  if (a.of.plural == "csinodes" && a.of.group == "storage.k8s.io" && name_of(a) != node)
    return forbid(a, "can only access CSINode with the same name as the requesting node");
  return {};
}

result<void> node_may_have_token(const api::request& r, const json& spec, const store::view& view) {
  auto node = authz::node_of(r.from);
  if (node.empty())
    return {};
  auto forbidden = [&](const char* why) {
    return failure{.reason = reason::forbidden,
                   .message = "serviceaccounts \"" + r.name
                              + "\" is forbidden: node requested token " + why};
  };
  const auto& ref = member(spec, "boundObjectRef");
  if (text_of(ref, "kind") != "Pod" || text_of(ref, "name").empty())
    return forbidden("not bound to a pod");
  if (text_of(ref, "uid").empty())
    return forbidden("with a pod binding without a uid");
  auto pod = view.get("/registry/core/pods/" + r.ns + "/" + text_of(ref, "name"));
  if (!authz::is_bound(pod, node))
    return forbidden("bound to a pod scheduled on a different node");
  return {};
}

} // namespace troupe::pipeline
