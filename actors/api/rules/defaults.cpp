#include "actors/api/rules/defaults.hpp"

#include "actors/api/rules/checks.hpp"
#include "config/api/quantity.hpp"

#include <array>

namespace troupe::rules {
namespace {

void set_absent(json& tree, const char* key, json value) {
  if (!tree.contains(key))
    tree[key] = std::move(value);
}

json& spec_of(json& tree) {
  auto& spec = tree["spec"];
  if (!spec.is_object())
    spec = json::object();
  return spec;
}

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t b = 0; b < 3; ++b)
      word = (word << 8) | (b < left ? static_cast<std::uint8_t>(bytes[i + b]) : 0);
    for (std::size_t d = 0; d < 4; ++d)
      out += d <= left ? digits[(word >> (18 - 6 * d)) & 0x3f] : '=';
  }
  return out;
}

/// Labels that the job controller finds its pods by; the selector is made of the first.
void select_own_pods(json& tree) {
  auto& spec = spec_of(tree);
  auto uid = text_of(member(tree, "metadata"), "uid");
  if (member(spec, "manualSelector") == json(true) || spec.contains("selector") || uid.empty())
    return;
  auto& labels = spec["template"]["metadata"]["labels"];
  auto name = text_of(member(tree, "metadata"), "name");
  labels["controller-uid"] = uid;
  labels["batch.kubernetes.io/controller-uid"] = uid;
  labels["job-name"] = name;
  labels["batch.kubernetes.io/job-name"] = name;
  spec["selector"] = {{"matchLabels", {{"batch.kubernetes.io/controller-uid", uid}}}};
}

void default_job_spec(json& spec) {
  if (!spec.contains("completions") && !spec.contains("parallelism"))
    spec["completions"] = 1;
  set_absent(spec, "parallelism", 1);
  set_absent(spec, "backoffLimit", spec.contains("backoffLimitPerIndex") ? 2147483647 : 6);
  set_absent(spec, "podReplacementPolicy",
             spec.contains("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  if (spec.contains("template"))
    default_pod_spec(spec_of(spec["template"]));
}

} // namespace

void default_namespace(json& tree) {
  auto name = text_of(tree["metadata"], "name");
  if (!name.empty())
    tree["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
}

void default_node(json& tree) {
  const auto capacity = member(member(tree, "status"), "capacity");
  if (capacity.is_object() && !tree["status"].contains("allocatable"))
    tree["status"]["allocatable"] = capacity;
}

void default_pod_template(json& tree) {
  if (tree.contains("template"))
    default_pod_spec(spec_of(tree["template"]));
}

void default_templated(json& tree) {
  auto& spec = spec_of(tree);
  if (spec.contains("template"))
    default_pod_spec(spec_of(spec["template"]));
}

void default_replication_controller(json& tree) {
  default_templated(tree);
  const auto labels = member(member(member(tree["spec"], "template"), "metadata"), "labels");
  if (!labels.is_object() || labels.empty())
    return;
  if (member(tree["spec"], "selector").empty())
    tree["spec"]["selector"] = labels;
  if (member(tree["metadata"], "labels").empty())
    tree["metadata"]["labels"] = labels;
}

/// stringData is only written: it goes into data.
void default_secret(json& tree) {
  auto plain = tree.find("stringData");
  if (plain == tree.end())
    return;
  if (plain->is_object())
    for (const auto& [key, value] : plain->items())
      if (value.is_string())
        tree["data"][key] = to_base64(value.get_ref<const std::string&>());
  tree.erase("stringData");
}

void default_service(json& tree) {
  auto& spec = spec_of(tree);
  auto type = text_of(spec, "type");
  if (spec.contains("ports"))
    for (auto& port : spec["ports"])
      if (const auto& target = member(port, "targetPort");
          target.is_null() || target == "" || target == 0)
        port["targetPort"] = member(port, "port");
  if (text_of(spec, "sessionAffinity") == "ClientIP"
      && !member(member(spec, "sessionAffinityConfig"), "clientIP").contains("timeoutSeconds"))
    spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"] = 10800;
  if (text_of(spec, "sessionAffinity") == "None")
    spec.erase("sessionAffinityConfig");
  if ((type == "NodePort" || type == "LoadBalancer")
      && text_of(spec, "externalTrafficPolicy").empty())
    spec["externalTrafficPolicy"] = "Cluster";
  if (type == "LoadBalancer")
    set_absent(spec, "allocateLoadBalancerNodePorts", true);
  if (type == "ExternalName") {
    spec.erase("internalTrafficPolicy");
    return;
  }
  if (!spec.contains("clusterIP") && member(spec, "clusterIPs").size() > 0)
    spec["clusterIP"] = spec["clusterIPs"][0];
  set_absent(spec, "ipFamilies", json::array({"IPv4"}));
  set_absent(spec, "ipFamilyPolicy", "SingleStack");
}

void default_deployment(json& tree) {
  default_templated(tree);
  auto& strategy = tree["spec"]["strategy"];
  if (text_of(strategy, "type") != "RollingUpdate")
    return;
  auto& rolling = strategy["rollingUpdate"];
  if (!rolling.is_object())
    rolling = json::object();
  set_absent(rolling, "maxUnavailable", "25%");
  set_absent(rolling, "maxSurge", "25%");
}

void default_daemon_set(json& tree) {
  default_templated(tree);
  auto& strategy = tree["spec"]["updateStrategy"];
  if (text_of(strategy, "type") != "RollingUpdate")
    return;
  auto& rolling = strategy["rollingUpdate"];
  if (!rolling.is_object())
    rolling = json::object();
  set_absent(rolling, "maxUnavailable", 1);
  set_absent(rolling, "maxSurge", 0);
}

void default_stateful_set(json& tree) {
  default_templated(tree);
  auto& spec = tree["spec"];
  auto& strategy = spec["updateStrategy"];
  if (text_of(strategy, "type") == "RollingUpdate") {
    auto& rolling = strategy["rollingUpdate"];
    if (!rolling.is_object())
      rolling = json::object();
    set_absent(rolling, "partition", 0);
  }
  if (spec.contains("volumeClaimTemplates"))
    for (auto& claim : spec["volumeClaimTemplates"]) {
      set_absent(claim, "apiVersion", "v1");
      set_absent(claim, "kind", "PersistentVolumeClaim");
    }
}

void default_job(json& tree) {
  default_job_spec(spec_of(tree));
  select_own_pods(tree);
  const auto labels = member(member(member(tree["spec"], "template"), "metadata"), "labels");
  if (member(tree["metadata"], "labels").empty() && labels.is_object() && !labels.empty())
    tree["metadata"]["labels"] = labels;
}

void default_cron_job(json& tree) {
  auto& spec = spec_of(tree);
  auto& job = spec["jobTemplate"]["spec"];
  if (!job.is_object())
    job = json::object();
  if (job.contains("template"))
    default_pod_spec(spec_of(job["template"]));
}

void default_autoscaler(json& tree) {
  auto& spec = spec_of(tree);
  if (tree.value("apiVersion", "") != "autoscaling/v2" || !member(spec, "metrics").empty())
    return;
  spec["metrics"] = json::array(
    {{{"type", "Resource"},
      {"resource",
       {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 80}}}}}}});
}

void default_network_policy(json& tree) {
  auto& spec = spec_of(tree);
  if (!member(spec, "policyTypes").empty())
    return;
  spec["policyTypes"] = json::array({"Ingress"});
  if (!member(spec, "egress").empty())
    spec["policyTypes"].push_back("Egress");
}

void default_role_binding(json& tree) {
  constexpr auto group = "rbac.authorization.k8s.io";
  if (tree.contains("roleRef") && text_of(tree["roleRef"], "apiGroup").empty())
    tree["roleRef"]["apiGroup"] = group;
  if (tree.contains("subjects"))
    for (auto& subject : tree["subjects"])
      if (auto kind = text_of(subject, "kind");
          (kind == "User" || kind == "Group") && text_of(subject, "apiGroup").empty())
        subject["apiGroup"] = group;
}

void canonical_quantities(const schema::type& of, json& tree) {
  if (of.what == schema::shape::quantity && tree.is_string()) {
    if (auto q = api::quantity::parse(tree.get_ref<const std::string&>()))
      if (auto text = q->text(); text != tree.get_ref<const std::string&>())
        tree = std::move(text);
  } else if (of.what == schema::shape::object && tree.is_object()) {
    for (auto& [key, value] : tree.items())
      if (value.is_structured() || value.is_string())
        if (const auto* f = of.find(key); f && f->of)
          canonical_quantities(*f->of, value);
  } else if (of.element && tree.is_structured()) {
    if (auto what = of.element->what; what == schema::shape::quantity
                                      || what == schema::shape::object || what == schema::shape::map
                                      || what == schema::shape::array)
      for (auto& value : tree)
        canonical_quantities(*of.element, value);
  }
}

} // namespace troupe::rules
