// Volumes and claims; roles and their bindings; signing requests.
#include "actors/api/rules/kinds.hpp"
#include "actors/api/rules/names.hpp"
#include "config/api/quantity.hpp"

namespace troupe::rules {
namespace {

const field_path spec_path{"spec"};

std::optional<api::quantity> amount(const json& map, const char* key) {
  const auto& value = member(map, key);
  if (!value.is_string())
    return std::nullopt;
  auto q = api::quantity::parse(value.get_ref<const std::string&>());
  return q ? std::optional{*q} : std::nullopt;
}

void check_claim_update(const json& tree, const json& old, field_errors& out) {
  auto spec = member(tree, "spec");
  auto was = member(old, "spec");
  if (!spec.is_object() || !was.is_object())
    return; // what is missing is reported as such
  auto asked = amount(member(member(spec, "resources"), "requests"), "storage");
  auto had = amount(member(member(was, "resources"), "requests"), "storage");
  auto free_again = text_of(was, "volumeName").empty(); // the binder sets it, once
  if (free_again)
    spec.erase("volumeName");
  if (!was.contains("storageClassName")) // the default class may be set afterwards
    spec.erase("storageClassName");
  for (const char* key : {"resources", "volumeAttributesClassName"})
    spec.erase(key), was.erase(key);
  if (free_again)
    was.erase("volumeName");
  if (spec != was)
    out.forbidden(spec_path, "spec is immutable after creation except resources.requests and "
                             "volumeAttributesClassName for bound claims");
  if (asked && had && *asked < *had)
    out.forbidden(spec_path / "resources" / "requests" / "storage",
                  "field can not be less than status.capacity");
}

} // namespace

void check_volume_claim(const json& tree, const json* old, field_errors& out) {
  const auto& spec = member(tree, "spec");
  if (member(spec, "accessModes").empty())
    out.required(spec_path / "accessModes", "at least 1 access mode is required");
  const auto& requests = member(member(spec, "resources"), "requests");
  auto at = spec_path / "resources";
  auto storage = amount(requests, "storage");
  if (!storage)
    out.required(at.key("storage"));
  else if (storage->negative() || storage->zero())
    out.invalid(at.key("storage"), requests["storage"], "must be greater than zero");
  check_label_selector(member(spec, "selector"), spec_path / "selector", out);
  check_form(spec, "storageClassName", dns_subdomain, spec_path, out);
  if (old)
    check_claim_update(tree, *old, out);
}

void check_persistent_volume(const json& tree, const json* old, field_errors& out) {
  constexpr const char* plain[] = {"capacity",
                                   "accessModes",
                                   "claimRef",
                                   "persistentVolumeReclaimPolicy",
                                   "storageClassName",
                                   "mountOptions",
                                   "volumeMode",
                                   "nodeAffinity",
                                   "volumeAttributesClassName"};
  const auto& spec = member(tree, "spec");
  if (member(spec, "accessModes").empty())
    out.required(spec_path / "accessModes");
  if (!amount(member(spec, "capacity"), "storage"))
    out.required(spec_path / "capacity");
  auto source = [&](json s) -> json {
    if (!s.is_object())
      return json::object();
    for (const char* key : plain)
      s.erase(key);
    return s;
  };
  auto sources = source(spec);
  if (sources.empty())
    out.required(spec_path, "must specify a volume type");
  else if (sources.size() > 1)
    out.forbidden(spec_path, "may not specify more than 1 volume type");
  if (old && source(member(*old, "spec")) != sources)
    out.forbidden(spec_path / "persistentvolumesource",
                  "spec.persistentvolumesource is immutable after creation");
}

void check_storage_class(const json& tree, const json* old, field_errors& out) {
  if (text_of(tree, "provisioner").empty())
    out.required(field_path{"provisioner"});
  if (!old)
    return;
  for (const char* key : {"parameters", "provisioner", "reclaimPolicy"})
    if (member(tree, key) != member(*old, key))
      out.forbidden(field_path{key}, "updates to " + std::string{key} + " are forbidden.");
  check_same(tree, *old, "volumeBindingMode", field_path{}, out);
}

void check_role(const json& tree, const json*, field_errors& out) {
  const auto& rules = member(tree, "rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    auto at = field_path{"rules"}[i];
    if (member(rules[i], "verbs").empty())
      out.required(at / "verbs", "verbs must contain at least one value");
    if (!member(rules[i], "nonResourceURLs").empty())
      continue;
    if (member(rules[i], "apiGroups").empty())
      out.required(at / "apiGroups", "resource rules must supply at least one api group");
    if (member(rules[i], "resources").empty())
      out.required(at / "resources", "resource rules must supply at least one resource");
  }
}

void check_role_binding(const json& tree, const json* old, field_errors& out) {
  const auto& role = member(tree, "roleRef");
  if (text_of(role, "name").empty())
    out.required(field_path{"roleRef.name"});
  if (auto kind = text_of(role, "kind"); kind != "Role" && kind != "ClusterRole")
    out.not_supported(field_path{"roleRef.kind"}, kind,
                      std::array<std::string_view, 2>{"ClusterRole", "Role"});
  const auto& subjects = member(tree, "subjects");
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    auto at = field_path{"subjects"}[i];
    if (text_of(subjects[i], "name").empty())
      out.required(at / "name");
    if (text_of(subjects[i], "kind") == "ServiceAccount"
        && text_of(subjects[i], "namespace").empty())
      out.required(at / "namespace");
  }
  if (old && member(*old, "roleRef") != role)
    out.invalid(field_path{"roleRef"}, role, "cannot change roleRef");
}

void check_signing_request(const json& tree, const json* old, field_errors& out) {
  const auto& spec = member(tree, "spec");
  if (text_of(spec, "request").empty())
    out.required(spec_path / "request");
  if (text_of(spec, "signerName").empty())
    out.required(spec_path / "signerName");
  if (member(spec, "usages").empty())
    out.required(spec_path / "usages");
  if (old)
    check_same(tree, *old, "spec", field_path{}, out);
}

} // namespace troupe::rules
