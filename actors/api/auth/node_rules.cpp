#include "actors/api/auth/node_rules.hpp"

#include "actors/api/auth/pod_references.hpp"
#include "config/api/peek.hpp"
#include "config/api/selector.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace troupe::authz {
namespace {

using text = std::string_view;

constexpr text node_leases = "kube-node-lease";

bool one_of(text verb, std::initializer_list<text> all) {
  return std::find(all.begin(), all.end(), verb) != all.end();
}
bool reads(text verb) { return one_of(verb, {"get", "list", "watch"}); }
bool changes(text verb) { return one_of(verb, {"update", "patch"}); }

decision yes() { return {.allowed = true, .reason = {}}; }
decision no(std::string why) { return {.allowed = false, .reason = std::move(why)}; }
decision when(bool holds, std::string why = {}) { return holds ? yes() : no(std::move(why)); }

std::string unrelated(text node) {
  return "no relationship found between node '" + std::string{node} + "' and this object";
}

store::record_ptr pod_at(const store::view& view, const attributes& a) {
  return view.get("/registry/core/pods/" + a.ns + "/" + a.name);
}

bool selects_own(const attributes& a, text node) {
  auto fields = api::parse_field_selector(a.field_selector);
  const auto* wanted = fields ? fields->required("spec.nodeName") : nullptr;
  return wanted && *wanted == node;
}

decision pods(const attributes& a, text node, const store::view& view) {
  if (a.subresource == "status")
    return when((a.verb == "get" || changes(a.verb)) && is_bound(pod_at(view, a), node),
                unrelated(node));
  if (a.subresource == "eviction")
    return when(a.verb == "create" && is_bound(pod_at(view, a), node), unrelated(node));
  if (!a.subresource.empty())
    return no({});
  if (a.verb == "list" || a.verb == "watch")
    return when(selects_own(a, node), "can only list/watch pods with spec.nodeName field selector");
  if (a.verb == "create") // mirror pods only: see NodeRestriction
    return yes();
  auto pod = pod_at(view, a);
  if (a.verb == "get") // gone ones too: the kubelet asks whether its pod still exists
    return when(!pod || is_bound(pod, node), unrelated(node));
  return when(a.verb == "delete" && is_bound(pod, node), unrelated(node));
}

/// What the node's pods refer to: Secrets, ConfigMaps, claims.
decision referenced(const attributes& a, text node, const store::view& view, reference what) {
  if (!a.subresource.empty())
    return no("cannot get subresource");
  if (what == reference::claim ? a.verb != "get" : !reads(a.verb))
    return no("can only read resources of this type");
  if (a.ns.empty())
    return no("can only read namespaced object of this type");
  if (a.name.empty())
    return no("No Object name found");
  return when(pods_refer(view, node, a.ns, what, a.name), unrelated(node));
}

decision claims(const attributes& a, text node, const store::view& view) {
  if (a.subresource == "status")
    return when((a.verb == "get" || changes(a.verb))
                  && pods_refer(view, node, a.ns, reference::claim, a.name),
                unrelated(node));
  return referenced(a, node, view, reference::claim);
}

/// A volume that is bound to a claim of one of the node's pods.
decision volumes(const attributes& a, text node, const store::view& view) {
  if (a.verb != "get" || !a.subresource.empty())
    return no("can only get individual resources of this type");
  auto volume = view.get("/registry/core/persistentvolumes/" + a.name);
  if (!volume)
    return no(unrelated(node));
  auto ns = api::peek_text(*volume->value, {"spec", "claimRef", "namespace"});
  auto claim = api::peek_text(*volume->value, {"spec", "claimRef", "name"});
  return when(!claim.empty() && pods_refer(view, node, ns, reference::claim, claim),
              unrelated(node));
}

decision tokens(const attributes& a, text node, const store::view& view) {
  if (a.subresource != "token" || a.verb != "create" || a.name.empty())
    return no("can only create tokens for individual service accounts");
  return when(pods_refer(view, node, a.ns, reference::account, a.name), unrelated(node));
}

/// Its own Node; the others too, to read: the routes between pods need all of them.
decision nodes(const attributes& a, text node) {
  if (reads(a.verb) || a.verb == "create") // whose, is NodeRestriction's to say
    return when(a.subresource.empty() || a.subresource == "status");
  return when(changes(a.verb) && a.name == node, "node '" + std::string{node} + "' cannot write '"
                                                   + a.name + "', only its own Node object");
}

decision leases(const attributes& a, text node) {
  if (reads(a.verb) && a.verb != "get") // whom the node follows
    return yes();
  if (!one_of(a.verb, {"get", "create", "update", "patch", "delete"}))
    return no("can only get, create, update, patch, or delete a node lease");
  if (a.verb == "get")
    return yes();
  if (a.ns != node_leases)
    return no("can only access leases in the \"kube-node-lease\" system namespace");
  return when(a.verb == "create" || a.name == node,
              "can only access node lease with the same name as the requesting node");
}

decision csi_nodes(const attributes& a, text node) {
  if (!one_of(a.verb, {"get", "create", "update", "patch", "delete"}))
    return no("can only get, create, update, patch, or delete a CSINode");
  return when(a.verb == "create" || a.name == node,
              "can only access CSINode with the same name as the requesting node");
}

decision attachments(const attributes& a, text node, const store::view& view) {
  if (a.verb != "get" || !a.subresource.empty())
    return no("can only get individual resources of this type");
  auto found = view.get("/registry/storage.k8s.io/volumeattachments/" + a.name);
  return when(found && api::peek_text(*found->value, {"spec", "nodeName"}) == node,
              unrelated(node));
}

/// What every node may, whatever its pods (the rules of the ClusterRole system:node), and what its
/// network needs: services, endpoints and namespaces as they are.
bool always(const attributes& a) {
  struct row {
    text group, plural, verbs;
  };
  constexpr text read = "get list watch";
  constexpr std::array<row, 12> table{{
    {"", "services", read},
    {"", "endpoints", read},
    {"", "namespaces", read},
    {"", "events", "create update patch"},
    {"events.k8s.io", "events", "create update patch"},
    {"discovery.k8s.io", "endpointslices", read},
    {"node.k8s.io", "runtimeclasses", read},
    {"networking.k8s.io", "networkpolicies", read},
    {"storage.k8s.io", "csidrivers", read},
    {"certificates.k8s.io", "certificatesigningrequests", "create get list watch"},
    {"authentication.k8s.io", "tokenreviews", "create"},
    {"authorization.k8s.io", "subjectaccessreviews", "create"},
  }};
  return a.subresource.empty() && std::any_of(table.begin(), table.end(), [&](const row& r) {
           return r.group == a.group && r.plural == a.plural
                  && (" " + std::string{r.verbs} + " ").find(" " + a.verb + " ")
                       != std::string::npos;
         });
}

} // namespace

std::string node_of(const api::user& u) {
  constexpr text prefix = "system:node:";
  if (!in_group(u, "system:nodes") || !u.name.starts_with(prefix))
    return {};
  return u.name.substr(prefix.size());
}

bool is_bound(const store::record_ptr& pod, text node) {
  return pod && api::peek_text(*pod->value, {"spec", "nodeName"}) == node;
}

decision node_decides(const attributes& a, text node, const store::view& view) {
  if (!a.resource)
    return no({});
  if (a.group.empty()) {
    if (a.plural == "pods")
      return pods(a, node, view);
    if (a.plural == "secrets")
      return referenced(a, node, view, reference::secret);
    if (a.plural == "configmaps")
      return referenced(a, node, view, reference::config_map);
    if (a.plural == "persistentvolumeclaims")
      return claims(a, node, view);
    if (a.plural == "persistentvolumes")
      return volumes(a, node, view);
    if (a.plural == "serviceaccounts")
      return tokens(a, node, view);
    if (a.plural == "nodes")
      return nodes(a, node);
  }
  if (a.group == "coordination.k8s.io" && a.plural == "leases")
    return leases(a, node);
  if (a.group == "storage.k8s.io" && a.plural == "csinodes")
    return csi_nodes(a, node);
  if (a.group == "storage.k8s.io" && a.plural == "volumeattachments")
    return attachments(a, node, view);
  return when(always(a));
}

} // namespace troupe::authz
