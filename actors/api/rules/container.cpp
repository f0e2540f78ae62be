#include "actors/api/rules/container.hpp"

#include "actors/api/rules/names.hpp"
#include "config/api/quantity.hpp"

#include <array>

namespace troupe::rules {
namespace {

void check_ports(const json& container, container_context& c, const field_path& at,
                 field_errors& out) {
  const auto& list = member(container, "ports");
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto here = (at / "ports")[i];
    const auto& port = list[i];
    auto name = text_of(port, "name");
    if (!name.empty()) {
      if (auto why = port_name(name); !why.empty())
        out.invalid(here / "name", name, why);
      else if (!names.insert(name).second)
        out.duplicate(here / "name", name);
    }
    if (!port.contains("containerPort") || port["containerPort"] == 0)
      out.required(here / "containerPort");
    else
      check_port(port, "containerPort", here, out);
    auto host = number_of(port, "hostPort").value_or(0);
    if (host == 0)
      continue;
    check_port(port, "hostPort", here, out);
    if (c.host_network && host != number_of(port, "containerPort").value_or(0))
      out.invalid(here / "hostPort", host, "must match `containerPort` when `hostNetwork` is true");
    auto taken =
      text_of(port, "protocol") + "/" + text_of(port, "hostIP") + "/" + std::to_string(host);
    if (c.how == container_context::role::app && !c.host_ports.insert(taken).second)
      out.duplicate(here / "hostPort", taken);
  }
}

void check_env_source(const json& from, const field_path& at, field_errors& out) {
  if (from.size() != 1)
    return out.invalid(
      at, from.empty() ? json("") : from,
      from.empty()
        ? "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        : "may not have more than one field specified at a time");
  for (const char* kind : {"configMapKeyRef", "secretKeyRef"})
    if (const auto& ref = member(from, kind); ref.is_object()) {
      if (text_of(ref, "key").empty())
        out.required(at / kind / "key");
      if (text_of(ref, "name").empty())
        out.required(at / kind / "name");
    }
  if (const auto& ref = member(from, "fieldRef");
      ref.is_object() && text_of(ref, "fieldPath").empty())
    out.required(at / "fieldRef" / "fieldPath");
  if (const auto& ref = member(from, "resourceFieldRef");
      ref.is_object() && text_of(ref, "resource").empty())
    out.required(at / "resourceFieldRef" / "resource");
}

void check_env(const json& container, const field_path& at, field_errors& out) {
  const auto& list = member(container, "env");
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto here = (at / "env")[i];
    check_name(list[i], "name", env_name, here, out);
    if (!list[i].contains("valueFrom"))
      continue;
    if (!text_of(list[i], "value").empty())
      out.invalid(here / "valueFrom", "", "may not be specified when `value` is not empty");
    else
      check_env_source(list[i]["valueFrom"], here / "valueFrom", out);
  }
  const auto& whole = member(container, "envFrom");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto here = (at / "envFrom")[i];
    auto sources = whole[i].contains("configMapRef") + whole[i].contains("secretRef");
    if (sources == 0)
      out.invalid(here, "", "must specify one of: `configMapRef` or `secretRef`");
    else if (sources > 1)
      out.invalid(here, "", "may not have more than one field specified at a time");
  }
}

void check_mounts(const json& container, const container_context& c, const field_path& at,
                  field_errors& out) {
  const auto& list = member(container, "volumeMounts");
  std::set<std::string> paths;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto here = (at / "volumeMounts")[i];
    auto name = text_of(list[i], "name");
    if (name.empty())
      out.required(here / "name");
    else if (!c.volumes.contains(name))
      out.not_found(here / "name", name);
    auto path = text_of(list[i], "mountPath");
    if (path.empty())
      out.required(here / "mountPath");
    else if (!paths.insert(path).second)
      out.invalid(here / "mountPath", path, "must be unique");
    auto sub = text_of(list[i], "subPath");
    if (!sub.empty() && sub[0] == '/')
      out.invalid(here / "subPath", sub, "must be a relative path");
    else if (sub == ".." || sub.substr(0, 3) == "../" || sub.find("/../") != std::string::npos)
      out.invalid(here / "subPath", sub, "must not contain '..'");
  }
}

void check_resources(const json& container, const field_path& at, field_errors& out) {
  const auto& resources = member(container, "resources");
  const auto& limits = member(resources, "limits");
  const auto& requests = member(resources, "requests");
  check_amounts(limits, at / "limits", out);
  check_amounts(requests, at / "requests", out);
  if (!limits.is_object() || !requests.is_object())
    return;
  for (const auto& [name, amount] : requests.items()) {
    auto limit = limits.find(name);
    if (limit == limits.end() || !limit->is_string() || !amount.is_string())
      continue;
    auto most = api::quantity::parse(limit->get_ref<const std::string&>());
    auto asked = api::quantity::parse(amount.get_ref<const std::string&>());
    if (most && asked && *asked > *most)
      out.invalid(at / "requests", amount,
                  "must be less than or equal to " + name + " limit of " + most->text());
  }
}

void check_probe(const json& container, const char* kind, const field_path& at, field_errors& out) {
  const auto& probe = member(container, kind);
  if (!probe.is_object())
    return;
  auto here = at / kind;
  auto handlers = 0;
  for (const char* handler : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"})
    handlers += probe.contains(handler);
  if (handlers == 0)
    out.required(here, "must specify a handler type");
  else if (handlers > 1)
    out.forbidden(here, "may not specify more than 1 handler type");
  if (const auto& exec = member(probe, "exec"); exec.is_object() && member(exec, "command").empty())
    out.required(here / "exec" / "command");
  for (const char* handler : {"httpGet", "tcpSocket", "grpc"})
    check_port(member(probe, handler), "port", here / handler, out);
  for (const char* key : {"initialDelaySeconds", "timeoutSeconds", "periodSeconds",
                          "successThreshold", "failureThreshold"})
    check_at_least(probe, key, 0, here, out);
  if (kind != std::string_view{"readinessProbe"}
      && number_of(probe, "successThreshold").value_or(1) != 1)
    out.invalid(here / "successThreshold", probe["successThreshold"], "must be 1");
}

void check_security(const json& container, const field_path& at, field_errors& out) {
  const auto& security = member(container, "securityContext");
  for (const char* key : {"runAsUser", "runAsGroup"})
    check_at_least(security, key, 0, at, out);
  if (member(security, "allowPrivilegeEscalation") == json(false)
      && member(security, "privileged") == json(true))
    out.invalid(at, security,
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
}

} // namespace

void check_container(const json& container, container_context& c, const field_path& at,
                     field_errors& out) {
  using role = container_context::role;
  auto name = text_of(container, "name");
  check_name(container, "name", dns_label, at, out);
  if (!name.empty() && !c.names.insert(name).second)
    out.duplicate(at / "name", name);
  auto image = text_of(container, "image");
  if (image.empty())
    out.required(at / "image");
  else if (image.front() == ' ' || image.back() == ' ')
    out.invalid(at / "image", image, "must not have leading or trailing whitespace");
  check_ports(container, c, at, out);
  check_env(container, at, out);
  check_mounts(container, c, at, out);
  check_resources(container, at / "resources", out);
  check_security(container, at / "securityContext", out);
  auto sidecar = c.how == role::init && text_of(container, "restartPolicy") == "Always";
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    if (c.how == role::app || sidecar)
      check_probe(container, probe, at, out);
    else if (container.contains(probe))
      out.forbidden(at / probe,
                    c.how == role::init
                      ? "may not be set for init containers without restartPolicy=Always"
                      : "cannot be set for an Ephemeral Container");
  }
  for (const char* hook : {"postStart", "preStop"})
    check_probe(member(container, "lifecycle"), hook, at / "lifecycle", out);
}

} // namespace troupe::rules
