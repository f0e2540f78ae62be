// Nodes, namespaces, events, leases, priorities, quotas; ConfigMaps and Secrets.
#include "actors/api/rules/kinds.hpp"
#include "actors/api/rules/names.hpp"

#include <set>

namespace troupe::rules {
namespace {

const field_path spec_path{"spec"};
constexpr std::size_t most_config_bytes = 1024 * 1024;

std::size_t check_keys(const json& map, const field_path& at, bool base64,
                       std::set<std::string>& keys, field_errors& out) {
  std::size_t bytes = 0;
  if (!map.is_object())
    return bytes;
  for (const auto& [key, value] : map.items()) {
    if (auto why = config_key(key); !why.empty())
      out.invalid(at.key(key), key, why);
    if (!keys.insert(key).second)
      out.invalid(at.key(key), key, "duplicate of key present in data");
    auto size = value.is_string() ? value.get_ref<const std::string&>().size() : 0;
    bytes += base64 ? size / 4 * 3 : size;
  }
  return bytes;
}

bool frozen(const json* old) { return old && member(*old, "immutable") == json(true); }

void check_frozen(const json& tree, const json* old, std::initializer_list<const char*> fields,
                  field_errors& out) {
  if (!frozen(old))
    return;
  if (member(tree, "immutable") != json(true))
    out.forbidden(field_path{"immutable"}, "field is immutable when `immutable` is set");
  for (const char* key : fields)
    if (member(tree, key) != member(*old, key))
      out.forbidden(field_path{key}, "field is immutable when `immutable` is set");
}

void need_data(const json& tree, std::initializer_list<const char*> keys, field_errors& out) {
  for (const char* key : keys)
    if (!member(tree, "data").contains(key))
      out.required(field_path{"data"}.key(key));
}

} // namespace

void check_config_map(const json& tree, const json* old, field_errors& out) {
  std::set<std::string> keys;
  auto bytes = check_keys(member(tree, "data"), field_path{"data"}, false, keys, out)
               + check_keys(member(tree, "binaryData"), field_path{"binaryData"}, true, keys, out);
  if (bytes > most_config_bytes)
    out.too_long(field_path{""}, most_config_bytes);
  check_frozen(tree, old, {"data", "binaryData"}, out);
}

void check_secret(const json& tree, const json* old, field_errors& out) {
  std::set<std::string> keys;
  if (check_keys(member(tree, "data"), field_path{"data"}, true, keys, out) > most_config_bytes)
    out.too_long(field_path{"data"}, most_config_bytes);
  auto type = text_of(tree, "type");
  if (type == "kubernetes.io/tls")
    need_data(tree, {"tls.crt", "tls.key"}, out);
  else if (type == "kubernetes.io/dockerconfigjson")
    need_data(tree, {".dockerconfigjson"}, out);
  else if (type == "kubernetes.io/dockercfg")
    need_data(tree, {".dockercfg"}, out);
  else if (type == "kubernetes.io/ssh-auth")
    need_data(tree, {"ssh-privatekey"}, out);
  else if (type == "kubernetes.io/basic-auth" && !member(tree, "data").contains("username")
           && !member(tree, "data").contains("password"))
    need_data(tree, {"username", "password"}, out);
  else if (type == "kubernetes.io/service-account-token"
           && text_of(member(member(tree, "metadata"), "annotations"),
                      "kubernetes.io/service-account.name")
                .empty())
    out.required(field_path{"metadata.annotations"}.key("kubernetes.io/service-account.name"));
  if (old)
    check_same(tree, *old, "type", field_path{}, out);
  check_frozen(tree, old, {"data", "type"}, out);
}

void check_node(const json& tree, const json* old, field_errors& out) {
  const auto& spec = member(tree, "spec");
  const auto& taints = member(spec, "taints");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < taints.size(); ++i) {
    auto at = (spec_path / "taints")[i];
    check_name(taints[i], "key", qualified_name, at, out);
    check_form(taints[i], "value", label_value, at, out);
    if (text_of(taints[i], "effect").empty())
      out.required(at / "effect");
    if (!seen.insert(text_of(taints[i], "key") + ":" + text_of(taints[i], "effect")).second)
      out.duplicate(at, taints[i]);
  }
  const auto& cidrs = member(spec, "podCIDRs");
  for (std::size_t i = 0; i < cidrs.size(); ++i)
    if (auto why = cidr(cidrs[i].get<std::string>()); !why.empty())
      out.invalid((spec_path / "podCIDRs")[i], cidrs[i], why);
  const auto& status = member(tree, "status");
  check_amounts(member(status, "capacity"), field_path{"status.capacity"}, out);
  check_amounts(member(status, "allocatable"), field_path{"status.allocatable"}, out);
  if (!old)
    return;
  const auto& was = member(*old, "spec");
  if (auto id = text_of(was, "providerID"); !id.empty() && id != text_of(spec, "providerID"))
    out.forbidden(spec_path / "providerID",
                  "node updates may not change providerID except from \"\" to valid");
  if (!member(was, "podCIDRs").empty() && member(was, "podCIDRs") != cidrs)
    out.forbidden(spec_path / "podCIDRs",
                  "node updates may not change podCIDR except from \"\" to valid");
}

void check_namespace(const json& tree, const json*, field_errors& out) {
  const auto& finalizers = member(member(tree, "spec"), "finalizers");
  for (std::size_t i = 0; i < finalizers.size(); ++i)
    if (auto why = qualified_name(finalizers[i].get<std::string>()); !why.empty())
      out.invalid((spec_path / "finalizers")[i], finalizers[i], why);
}

void check_event(const json& tree, const json*, field_errors& out) {
  const auto& about = member(tree, tree.contains("regarding") ? "regarding" : "involvedObject");
  auto field = tree.contains("regarding") ? "regarding" : "involvedObject";
  auto ns = text_of(member(tree, "metadata"), "namespace");
  auto its = text_of(about, "namespace");
  if (its.empty() ? ns != "default" && ns != "kube-system" : its != ns)
    out.invalid(field_path{field} / "namespace", its, "does not match event.namespace");
}

void check_lease(const json& tree, const json*, field_errors& out) {
  const auto& spec = member(tree, "spec");
  if (auto n = number_of(spec, "leaseDurationSeconds"); n && *n <= 0)
    out.invalid(spec_path / "leaseDurationSeconds", *n, "must be greater than 0");
  check_at_least(spec, "leaseTransitions", 0, spec_path, out);
}

void check_priority_class(const json& tree, const json* old, field_errors& out) {
  auto name = text_of(member(tree, "metadata"), "name");
  auto value = number_of(tree, "value").value_or(0);
  if (name.substr(0, 7) == "system-") {
    if (name != "system-node-critical" && name != "system-cluster-critical")
      out.forbidden(field_path{"metadata.name"},
                    "priority class names with 'system-' prefix are reserved for system use only");
  } else if (value > 1000000000) {
    out.forbidden(field_path{"value"},
                  "maximum allowed value of a user defined priority is 1000000000");
  }
  if (!old)
    return;
  if (value != number_of(*old, "value").value_or(0))
    out.forbidden(field_path{"value"}, "may not be changed in an update.");
  if (text_of(tree, "preemptionPolicy") != text_of(*old, "preemptionPolicy"))
    out.invalid(field_path{"preemptionPolicy"}, text_of(tree, "preemptionPolicy"), immutable_text);
}

void check_quota(const json& tree, const json*, field_errors& out) {
  check_amounts(member(member(tree, "spec"), "hard"), spec_path / "hard", out);
}

} // namespace troupe::rules
