// What a pod's spec must be like, alone or as a template.
#include "actors/api/rules/checks.hpp"
#include "actors/api/rules/container.hpp"
#include "actors/api/rules/names.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace troupe::rules {
namespace {

void check_volume(const json& volume, const field_path& at, field_errors& out) {
  std::string kind;
  for (const auto& [key, value] : volume.items()) {
    if (key == "name")
      continue;
    if (!kind.empty())
      return out.forbidden(at / key, "may not specify more than 1 volume type");
    kind = key;
  }
  if (kind.empty())
    return out.required(at, "must specify a volume type");
  const auto& source = volume[kind];
  auto need = [&](const char* of, const char* field) {
    if (kind == of && text_of(source, field).empty())
      out.required(at / kind / field);
  };
  need("hostPath", "path");
  need("secret", "secretName");
  need("configMap", "name");
  need("persistentVolumeClaim", "claimName");
  need("nfs", "server");
  need("nfs", "path");
  need("csi", "driver");
  if (kind == "hostPath" && text_of(source, "path").find("..") != std::string::npos)
    out.invalid(at / kind / "path", text_of(source, "path"), "must not contain '..'");
  if (auto mode = number_of(source, "defaultMode"); mode && (*mode < 0 || *mode > 0777))
    out.invalid(at / kind / "defaultMode", *mode,
                "must be a number between 0 and 0777 (octal), both inclusive");
}

std::set<std::string> check_volumes(const json& spec, const field_path& at, field_errors& out) {
  std::set<std::string> names;
  const auto& list = member(spec, "volumes");
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto here = (at / "volumes")[i];
    check_name(list[i], "name", dns_label, here, out);
    auto name = text_of(list[i], "name");
    if (!name.empty() && !names.insert(name).second)
      out.duplicate(here / "name", name);
    check_volume(list[i], here, out);
  }
  return names;
}

void check_toleration(const json& t, const field_path& at, field_errors& out) {
  auto key = text_of(t, "key");
  auto op = text_of(t, "operator");
  if (!key.empty()) {
    if (auto why = qualified_name(key); !why.empty())
      out.invalid(at / "key", key, why);
  } else if (op != "Exists") {
    out.invalid(
      at / "operator", op,
      "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (t.contains("tolerationSeconds") && text_of(t, "effect") != "NoExecute")
    out.invalid(at / "effect", text_of(t, "effect"),
                "effect must be 'NoExecute' when `tolerationSeconds` is set");
  if (op == "Exists" && !text_of(t, "value").empty())
    out.invalid(at / "operator", t, "value must be empty when `operator` is 'Exists'");
  else if (op.empty() || op == "Equal")
    if (auto why = label_value(text_of(t, "value")); !why.empty())
      out.invalid(at / "operator", text_of(t, "value"), why);
}

void check_spread(const json& c, const field_path& at, field_errors& out) {
  if (auto skew = number_of(c, "maxSkew").value_or(0); skew <= 0)
    out.invalid(at / "maxSkew", skew, "must be greater than zero");
  if (text_of(c, "topologyKey").empty())
    out.required(at / "topologyKey", "can not be empty");
  if (auto least = number_of(c, "minDomains"); least && *least <= 0)
    out.invalid(at / "minDomains", *least, "must be greater than zero");
  check_label_selector(member(c, "labelSelector"), at / "labelSelector", out);
}

void check_node_term(const json& term, const field_path& at, field_errors& out) {
  const auto& list = member(term, "matchExpressions");
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto here = (at / "matchExpressions")[i];
    auto op = text_of(list[i], "operator");
    const auto& values = member(list[i], "values");
    if ((op == "In" || op == "NotIn") && values.empty())
      out.required(here / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    if ((op == "Exists" || op == "DoesNotExist") && !values.empty())
      out.forbidden(here / "values",
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    if ((op == "Gt" || op == "Lt") && values.size() != 1)
      out.required(here / "values",
                   "must be specified single value when `operator` is 'Lt' or 'Gt'");
    if (auto why = qualified_name(text_of(list[i], "key")); !why.empty())
      out.invalid(here / "key", text_of(list[i], "key"), why);
  }
}

void check_pod_terms(const json& terms, bool weighted, const field_path& at, field_errors& out) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    auto here = weighted ? at[i] / "podAffinityTerm" : at[i];
    const auto& term = weighted ? member(terms[i], "podAffinityTerm") : terms[i];
    if (weighted)
      if (auto w = number_of(terms[i], "weight").value_or(0); w < 1 || w > 100)
        out.invalid(at[i] / "weight", w, "must be in the range 1-100");
    if (text_of(term, "topologyKey").empty())
      out.required(here / "topologyKey", "can not be empty");
    else
      check_form(term, "topologyKey", qualified_name, here, out);
    check_label_selector(member(term, "labelSelector"), here / "labelSelector", out);
  }
}

void check_affinity(const json& affinity, const field_path& at, field_errors& out) {
  constexpr auto required = "requiredDuringSchedulingIgnoredDuringExecution";
  constexpr auto preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  const auto& node = member(affinity, "nodeAffinity");
  if (const auto& must = member(node, required); must.is_object()) {
    auto here = at / "nodeAffinity" / required / "nodeSelectorTerms";
    const auto& terms = member(must, "nodeSelectorTerms");
    if (terms.empty())
      out.required(here, "must have at least one node selector term");
    for (std::size_t i = 0; i < terms.size(); ++i)
      check_node_term(terms[i], here[i], out);
  }
  const auto& wishes = member(node, preferred);
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    auto here = (at / "nodeAffinity" / preferred)[i];
    if (auto w = number_of(wishes[i], "weight").value_or(0); w < 1 || w > 100)
      out.invalid(here / "weight", w, "must be in the range 1-100");
    check_node_term(member(wishes[i], "preference"), here / "preference", out);
  }
  for (const char* kind : {"podAffinity", "podAntiAffinity"}) {
    check_pod_terms(member(member(affinity, kind), required), false, at / kind / required, out);
    check_pod_terms(member(member(affinity, kind), preferred), true, at / kind / preferred, out);
  }
}

void check_scheduling(const json& spec, const field_path& at, field_errors& out) {
  check_labels(member(spec, "nodeSelector"), at / "nodeSelector", out);
  check_affinity(member(spec, "affinity"), at / "affinity", out);
  const auto& tolerations = member(spec, "tolerations");
  for (std::size_t i = 0; i < tolerations.size(); ++i)
    check_toleration(tolerations[i], (at / "tolerations")[i], out);
  const auto& spread = member(spec, "topologySpreadConstraints");
  for (std::size_t i = 0; i < spread.size(); ++i)
    check_spread(spread[i], (at / "topologySpreadConstraints")[i], out);
  const auto& gates = member(spec, "schedulingGates");
  for (std::size_t i = 0; i < gates.size(); ++i)
    check_name(gates[i], "name", qualified_name, (at / "schedulingGates")[i], out);
  if (!gates.empty() && !text_of(spec, "nodeName").empty())
    out.forbidden(at / "nodeName", "cannot be set until all schedulingGates have been cleared");
}

void check_containers(const json& spec, const std::set<std::string>& volumes, const field_path& at,
                      field_errors& out) {
  container_context c{.volumes = volumes,
                      .host_network = member(spec, "hostNetwork") == json(true),
                      .names = {},
                      .host_ports = {}};
  if (member(spec, "containers").empty())
    out.required(at / "containers");
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"}) {
    const auto& containers = member(spec, list);
    c.how = list == std::string_view{"containers"}       ? container_context::role::app
            : list == std::string_view{"initContainers"} ? container_context::role::init
                                                         : container_context::role::ephemeral;
    for (std::size_t i = 0; i < containers.size(); ++i)
      check_container(containers[i], c, (at / list)[i], out);
  }
}

} // namespace

void check_pod_spec(const json& spec, const field_path& at, field_errors& out) {
  auto volumes = check_volumes(spec, at, out);
  check_containers(spec, volumes, at, out);
  check_scheduling(spec, at, out);
  check_form(spec, "serviceAccountName", dns_subdomain, at, out);
  check_form(spec, "nodeName", dns_subdomain, at, out);
  check_form(spec, "hostname", dns_label, at, out);
  check_form(spec, "subdomain", dns_label, at, out);
  check_form(spec, "priorityClassName", dns_subdomain, at, out);
  check_form(spec, "runtimeClassName", dns_subdomain, at, out);
  check_form(spec, "schedulerName", dns_subdomain, at, out);
  check_at_least(spec, "terminationGracePeriodSeconds", 0, at, out);
  if (auto n = number_of(spec, "activeDeadlineSeconds"); n && (*n < 1 || *n > 2147483647))
    out.invalid(at / "activeDeadlineSeconds", *n, "must be between 1 and 2147483647, inclusive");
  const auto& aliases = member(spec, "hostAliases");
  for (std::size_t i = 0; i < aliases.size(); ++i)
    check_name(aliases[i], "ip", ip_address, (at / "hostAliases")[i], out);
  const auto& dns = member(spec, "dnsConfig");
  if (text_of(spec, "dnsPolicy") == "None" && member(dns, "nameservers").empty())
    out.required(at / "dnsConfig" / "nameservers",
                 "must provide at least one DNS nameserver when `dnsPolicy` is None");
  const auto& security = member(spec, "securityContext");
  for (const char* key : {"runAsUser", "runAsGroup", "fsGroup"})
    check_at_least(security, key, 0, at / "securityContext", out);
}

void check_template(const json& tmpl, const field_path& at, field_errors& out) {
  const auto& meta = member(tmpl, "metadata");
  check_labels(member(meta, "labels"), at / "metadata" / "labels", out);
  check_annotations(member(meta, "annotations"), at / "metadata" / "annotations", out);
  check_pod_spec(member(tmpl, "spec"), at / "spec", out);
}

} // namespace troupe::rules
