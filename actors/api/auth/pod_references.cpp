#include "actors/api/auth/pod_references.hpp"

#include "actors/api/auth/node_rules.hpp"

#include <nlohmann/json.hpp>

namespace troupe::authz {
namespace {

using json = nlohmann::json;
using text = std::string_view;

constexpr text root_ca = "kube-root-ca.crt";

const json& member(const json& tree, const char* key) {
  static const json none;
  auto at = tree.is_object() ? tree.find(key) : tree.end();
  return at == tree.end() ? none : *at;
}

bool named(const json& from, const char* key, text name) {
  const auto& value = member(from, key);
  return value.is_string() && (name.empty() || value == name);
}

/// Whether a container takes variables from a ConfigMap or a Secret.
bool takes_variables(const json& container, const char* ref, const char* whole, text name) {
  for (const auto& e : member(container, "env"))
    if (named(member(member(e, "valueFrom"), ref), "name", name))
      return true;
  for (const auto& e : member(container, "envFrom"))
    if (named(member(e, whole), "name", name))
      return true;
  return false;
}

bool mounts(const json& volume, bool secret, text name) {
  const char* kind = secret ? "secret" : "configMap";
  if (named(member(volume, kind), secret ? "secretName" : "name", name))
    return true;
  for (const auto& source : member(member(volume, "projected"), "sources"))
    if (named(member(source, kind), "name", name))
      return true;
  if (secret) // of drivers that need a password
    for (const auto& [driver, options] : volume.items())
      if (named(member(options, "secretRef"), "name", name)
          || named(member(options, "nodePublishSecretRef"), "name", name))
        return true;
  return false;
}

bool claims(const json& pod, const json& volume, text name) {
  if (named(member(volume, "persistentVolumeClaim"), "claimName", name))
    return true;
  if (!member(volume, "ephemeral").is_object())
    return false;
  auto pod_name = member(member(pod, "metadata"), "name");
  auto own = member(volume, "name");
  return name.empty()
         || (pod_name.is_string() && own.is_string()
             && pod_name.get<std::string>() + "-" + own.get<std::string>() == name);
}

bool is_mirror(const json& pod) {
  return !member(member(member(pod, "metadata"), "annotations"), "kubernetes.io/config.mirror")
            .is_null();
}

} // namespace

bool refers_to(const json& pod, reference what, text name) {
  const auto& spec = member(pod, "spec");
  if (what == reference::account)
    return named(spec, "serviceAccountName", name);
  auto secret = what == reference::secret;
  for (const auto& volume : member(spec, "volumes"))
    if (what == reference::claim ? claims(pod, volume, name)
                                 : volume.is_object() && mounts(volume, secret, name))
      return true;
  if (what == reference::claim)
    return false;
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"})
    for (const auto& container : member(spec, list))
      if (takes_variables(container, secret ? "secretKeyRef" : "configMapKeyRef",
                          secret ? "secretRef" : "configMapRef", name))
        return true;
  for (const auto& pull : member(spec, "imagePullSecrets"))
    if (secret && named(pull, "name", name))
      return true;
  return false;
}

bool pods_refer(const store::view& view, text node, text ns, reference what, text name) {
  auto everybodys = what == reference::config_map && name == root_ca;
  auto derived = what == reference::claim; // the name of a generic ephemeral volume's claim
  auto quoted = "\"" + std::string{name} + "\"";
  auto found = false;
  view.scan({.prefix = "/registry/core/pods/" + std::string{ns} + "/", .from = {}, .limit = 0},
            [&](const store::record_ptr& pod) {
              auto possible =
                everybodys || derived || pod->value->find(quoted) != std::string::npos;
              if (!possible || !is_bound(pod, node))
                return true;
              auto tree = json::parse(*pod->value, nullptr, false);
              found =
                tree.is_object() && !is_mirror(tree) && (everybodys || refers_to(tree, what, name));
              return !found;
            });
  return found;
}

} // namespace troupe::authz
