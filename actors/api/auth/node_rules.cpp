#include "actors/api/auth/node_rules.hpp"

#include "config/api/peek.hpp"
#include "config/api/selector.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace troupe::authz {
namespace {

using api::verb;
using json = nlohmann::json;
using text = std::string_view;

bool reads(verb v) { return v == verb::get || v == verb::list || v == verb::watch; }
bool changes(verb v) { return v == verb::update || v == verb::patch; }

/// The body of a create, which alone says what is to be made; null unless it is plain JSON.
json created(const api::request& r) {
  if (r.body_as != api::media::json)
    return {};
  auto tree = json::parse(r.body, nullptr, false);
  return tree.is_object() && tree.value("metadata", json()).is_object() ? tree : json{};
}

std::string text_at(const json& tree, const char* object, const char* key) {
  auto at = tree.find(object);
  if (at == tree.end() || !at->is_object())
    return {};
  auto value = at->find(key);
  return value != at->end() && value->is_string() ? value->get<std::string>() : std::string{};
}

/// An object whose name is the node's own.
bool own(const api::request& r, text node) {
  if (r.verb != verb::create)
    return r.name == node;
  auto tree = created(r);
  return tree.is_object() && text_at(tree, "metadata", "name") == node;
}

store::record_ptr pod_at(const store::view& view, text ns, text name) {
  return view.get(std::string{"/registry/core/pods/"}.append(ns).append("/").append(name));
}

bool bound_to(const store::record_ptr& pod, text node) {
  return pod && api::peek_text(*pod->value, {"spec", "nodeName"}) == node;
}

bool may_pods(const api::request& r, text node, const store::view& view) {
  if (r.subresource == "status")
    return (reads(r.verb) || changes(r.verb)) && bound_to(pod_at(view, r.ns, r.name), node);
  if (r.subresource == "eviction")
    return r.verb == verb::create && bound_to(pod_at(view, r.ns, r.name), node);
  if (!r.subresource.empty())
    return false;
  if (r.verb == verb::list || r.verb == verb::watch) {
    auto fields = api::parse_field_selector(r.options.field_selector);
    const auto* wanted = fields ? fields->required("spec.nodeName") : nullptr;
    return wanted && *wanted == node;
  }
  if (r.verb == verb::create) { // mirror pods only
    auto tree = created(r);
    if (!tree.is_object() || text_at(tree, "spec", "nodeName") != node)
      return false;
    return tree["metadata"]
      .value("annotations", json::object())
      .contains("kubernetes.io/config.mirror");
  }
  if (r.verb == verb::get) // gone ones too: the kubelet asks whether its pod still exists
    return bound_to(pod_at(view, r.ns, r.name), node) || !pod_at(view, r.ns, r.name);
  return r.verb == verb::remove && bound_to(pod_at(view, r.ns, r.name), node);
}

bool names(const json& from, const char* key, text name) {
  return from.is_object() && from.contains(key) && from[key].is_string() && from[key] == name;
}

/// Whether a container takes variables from a ConfigMap or a Secret.
bool takes_variables(const json& container, const char* ref, const char* whole, text name) {
  for (const auto& e : container.value("env", json::array()))
    if (names(e.value("valueFrom", json::object()).value(ref, json()), "name", name))
      return true;
  for (const auto& e : container.value("envFrom", json::array()))
    if (names(e.value(whole, json()), "name", name))
      return true;
  return false;
}

bool mounts(const json& volume, bool secret, text name) {
  const char* kind = secret ? "secret" : "configMap";
  if (names(volume.value(kind, json()), secret ? "secretName" : "name", name))
    return true;
  for (const auto& source :
       volume.value("projected", json::object()).value("sources", json::array()))
    if (names(source.value(kind, json()), "name", name))
      return true;
  return false;
}

bool refers_to(const json& pod, bool secret, text name) {
  const auto spec = pod.value("spec", json::object());
  for (const auto& volume : spec.value("volumes", json::array()))
    if (mounts(volume, secret, name))
      return true;
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"})
    for (const auto& container : spec.value(list, json::array()))
      if (takes_variables(container, secret ? "secretKeyRef" : "configMapKeyRef",
                          secret ? "secretRef" : "configMapRef", name))
        return true;
  for (const auto& pull : spec.value("imagePullSecrets", json::array()))
    if (secret && names(pull, "name", name))
      return true;
  return !secret && name == "kube-root-ca.crt";
}

/// A ConfigMap or Secret that one of the node's pods uses.
bool may_config(const api::request& r, text node, const store::view& view) {
  auto name = r.name;
  if (name.empty()) {
    auto fields = api::parse_field_selector(r.options.field_selector);
    const auto* one = fields ? fields->required("metadata.name") : nullptr;
    name = one ? *one : "";
  }
  if (!reads(r.verb) || r.ns.empty() || name.empty())
    return false;
  auto secret = r.resource == "secrets";
  auto quoted = "\"" + name + "\"";
  auto found = false;
  view.scan({.prefix = "/registry/core/pods/" + r.ns + "/", .from = {}, .limit = 0},
            [&](const store::record_ptr& pod) {
              auto root = !secret && name == "kube-root-ca.crt";
              if ((root || pod->value->find(quoted) != std::string::npos) && bound_to(pod, node)) {
                auto tree = json::parse(*pod->value, nullptr, false);
                found = tree.is_object() && refers_to(tree, secret, name);
              }
              return !found;
            });
  return found;
}

bool may_core(const api::request& r, text node, const store::view& view) {
  if (r.resource == "pods")
    return may_pods(r, node, view);
  if (r.resource == "configmaps" || r.resource == "secrets")
    return r.subresource.empty() && may_config(r, node, view);
  if (r.resource == "nodes") {
    if (reads(r.verb))
      return true;
    return own(r, node) && (r.verb == verb::create || changes(r.verb));
  }
  if (r.resource == "events")
    return r.verb == verb::create || changes(r.verb);
  if (r.resource == "services" || r.resource == "endpoints" || r.resource == "namespaces")
    return reads(r.verb);
  if (r.resource == "persistentvolumes" || r.resource == "persistentvolumeclaims")
    return r.verb == verb::get;
  return false;
}

} // namespace

bool node_may(const api::request& r, text node, const store::view& view) {
  if (node.empty())
    return false;
  if (r.group.empty())
    return may_core(r, node, view);
  if (r.group == "coordination.k8s.io" && r.resource == "leases")
    return reads(r.verb)
           || (r.ns == "kube-node-lease" && own(r, node) && r.verb != verb::remove_collection);
  if (r.group == "events.k8s.io" && r.resource == "events")
    return r.verb == verb::create || changes(r.verb);
  if (r.group == "discovery.k8s.io" || r.group == "node.k8s.io" || r.group == "networking.k8s.io")
    return reads(r.verb);
  if (r.group == "storage.k8s.io")
    return reads(r.verb) || (r.resource == "csinodes" && own(r, node));
  if (r.group == "certificates.k8s.io" && r.resource == "certificatesigningrequests")
    return r.subresource.empty() && (reads(r.verb) || r.verb == verb::create);
  return r.verb == verb::create && r.ns.empty()
         && ((r.group == "authentication.k8s.io" && r.resource == "tokenreviews")
             || (r.group == "authorization.k8s.io" && r.resource == "subjectaccessreviews"));
}

} // namespace troupe::authz
