// Defaults, validation and immutability of the kinds, over the built-in catalog.
#include "actors/api/rules/defaults.hpp"
#include "actors/api/rules/names.hpp"
#include "actors/api/rules/rules.hpp"
#include "config/schema/walk.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::rules {
namespace {

using json = nlohmann::json;

const schema::resource& kind(std::string_view group, std::string_view version,
                             std::string_view plural) {
  static auto catalog = schema::built_in();
  const auto* of = catalog->find(group, version, plural);
  REQUIRE(of);
  return *of;
}

json defaulted(const schema::resource& of, json tree) {
  tree["apiVersion"] = of.api_version();
  tree["kind"] = std::string{of.kind};
  if (!tree.contains("metadata"))
    tree["metadata"] = {{"name", "x"}, {"namespace", "default"}};
  schema::apply_defaults(*of.of, tree);
  set_defaults(of, tree);
  return tree;
}

/// All errors in one text, as in a Status.
std::string errors(const schema::resource& of, const json& tree) {
  auto found = validate(of, defaulted(of, tree));
  return found.empty() ? "" : invalid(of, "x", found).message;
}

std::string update_errors(const schema::resource& of, const json& tree, const json& old) {
  auto found = validate_update(of, defaulted(of, tree), defaulted(of, old), "");
  return found.empty() ? "" : invalid(of, "x", found).message;
}

/// `tree` with the value at a JSON pointer replaced.
json with(json tree, const char* pointer, json value) {
  tree[json::json_pointer{pointer}] = std::move(value);
  return tree;
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

const json pod = json::parse(R"({"spec":{"containers":[{"name":"main","image":"nginx"}]}})");
const json deployment =
  json::parse(R"({"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{
  "metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"main","image":"nginx"}]}}}})");

TEST_CASE("names: each form accepts what Kubernetes accepts") {
  CHECK(dns_label("a-1").empty());
  CHECK(!dns_label("a.b").empty());
  CHECK(!dns_label("-a").empty());
  CHECK(!dns_label("A").empty());
  CHECK(!dns_label(std::string(64, 'a')).empty());
  CHECK(dns_subdomain("a.b-c.d1").empty());
  CHECK(!dns_subdomain("a..b").empty());
  CHECK(!dns_1035_label("1a").empty());
  CHECK(qualified_name("example.com/My_Name.x").empty());
  CHECK(!qualified_name("a/b/c").empty());
  CHECK(!qualified_name("/b").empty());
  CHECK(label_value("").empty());
  CHECK(!label_value("a b").empty());
  CHECK(port_name("http-2").empty());
  CHECK(!port_name("80").empty());
  CHECK(!port_name("a--b").empty());
  CHECK(config_key(".dockerconfigjson").empty());
  CHECK(!config_key("..").empty());
  CHECK(ip_address("fd00::1").empty());
  CHECK(!cidr("10.0.0.0/33").empty());
}

TEST_CASE("names: cron schedules") {
  for (auto text : {"* * * * *", "*/5 0-6 1,15 JAN-MAR MON", "0 0 * * 7", "@hourly", "@every 1h"})
    CHECK_MESSAGE(cron_schedule(text).empty(), text);
  for (auto text :
       {"", "* * * *", "60 * * * *", "* * * * * *", "a * * * *", "*/0 * * * *", "@never"})
    CHECK_MESSAGE(!cron_schedule(text).empty(), text);
}

TEST_CASE("defaults: of a container's image, ports, volumes and accounts") {
  const auto& pods = kind("", "v1", "pods");
  auto policy = [&](const char* image) {
    auto tree = defaulted(pods, with(pod, "/spec/containers/0/image", image));
    return tree["spec"]["containers"][0]["imagePullPolicy"].get<std::string>();
  };
  CHECK(policy("nginx") == "Always");
  CHECK(policy("nginx:latest") == "Always");
  CHECK(policy("nginx:1.25") == "IfNotPresent");
  CHECK(policy("registry:5000/nginx") == "Always");
  CHECK(policy("nginx@sha256:abc") == "IfNotPresent");
  auto tree = defaulted(
    pods,
    json::parse(R"({"spec":{"hostNetwork":true,"serviceAccount":"robot","volumes":[{"name":"v"}],
    "containers":[{"name":"a","image":"i","ports":[{"containerPort":80}],
      "resources":{"limits":{"cpu":"1000m","memory":"1024Mi"}}}]}})"));
  const auto& main = tree["spec"]["containers"][0];
  CHECK(tree["spec"]["volumes"][0]["emptyDir"] == json::object());
  CHECK(tree["spec"]["serviceAccountName"] == "robot");
  CHECK(main["ports"][0]["hostPort"] == 80);
  CHECK(main["ports"][0]["protocol"] == "TCP");
  CHECK(main["resources"]["requests"]["cpu"] == "1");
  CHECK(main["resources"]["limits"]["memory"] == "1Gi");
  CHECK(tree["status"]["qosClass"] == "Guaranteed");
  CHECK(std::string{
          qos_class(json::parse(R"({"containers":[{"resources":{"requests":{"cpu":"1"}}}]})"))}
        == "Burstable");
}

TEST_CASE("defaults: of workloads, Services, Secrets and policies") {
  auto d = defaulted(kind("apps", "v1", "deployments"), deployment);
  CHECK(d["spec"]["strategy"]
        == json::parse(
          R"({"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}})"));
  CHECK(d["spec"]["replicas"] == 1);
  CHECK(d["spec"]["revisionHistoryLimit"] == 10);
  CHECK(d["spec"]["progressDeadlineSeconds"] == 600);
  CHECK(d["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 30);
  CHECK(d["spec"]["template"]["spec"]["securityContext"] == json::object());
  auto recreate = defaulted(kind("apps", "v1", "deployments"),
                            with(deployment, "/spec/strategy", {{"type", "Recreate"}}));
  CHECK(recreate["spec"]["strategy"] == json{{"type", "Recreate"}});
  auto service =
    defaulted(kind("", "v1", "services"),
              json::parse(R"({"spec":{"type":"LoadBalancer","ports":[{"port":80}]}})"));
  CHECK(service["spec"]["ports"][0]["targetPort"] == 80);
  CHECK(service["spec"]["externalTrafficPolicy"] == "Cluster");
  CHECK(service["spec"]["allocateLoadBalancerNodePorts"] == true);
  auto secret =
    defaulted(kind("", "v1", "secrets"), json::parse(R"({"stringData":{"a":"hello","b":""}})"));
  CHECK(secret["data"] == json{{"a", "aGVsbG8="}, {"b", ""}});
  CHECK(!secret.contains("stringData"));
  CHECK(secret["type"] == "Opaque");
  auto policy = defaulted(kind("networking.k8s.io", "v1", "networkpolicies"),
                          json::parse(R"({"spec":{"podSelector":{},"egress":[{}]}})"));
  CHECK(policy["spec"]["policyTypes"] == json{"Ingress", "Egress"});
  auto rc = defaulted(kind("", "v1", "replicationcontrollers"),
                      json{{"spec", {{"template", deployment["spec"]["template"]}}}});
  CHECK(rc["spec"]["selector"] == json{{"app", "web"}});
  CHECK(rc["metadata"]["labels"] == json{{"app", "web"}});
}

TEST_CASE("defaults: a Job finds its own pods; applied twice they change nothing") {
  const auto& jobs = kind("batch", "v1", "jobs");
  json job{{"metadata", {{"name", "j"}, {"uid", "u-1"}}},
           {"spec", {{"template", with(pod, "/spec/restartPolicy", "Never")}}}};
  auto tree = defaulted(jobs, job);
  CHECK(tree["spec"]["selector"]["matchLabels"]
        == json{{"batch.kubernetes.io/controller-uid", "u-1"}});
  CHECK(tree["spec"]["template"]["metadata"]["labels"]["job-name"] == "j");
  CHECK(tree["spec"]["completions"] == 1);
  CHECK(tree["spec"]["backoffLimit"] == 6);
  CHECK(validate(jobs, tree).empty());
  for (auto [of, object] :
       {std::pair{&jobs, tree}, std::pair{&kind("apps", "v1", "deployments"), deployment},
        std::pair{&kind("", "v1", "pods"), pod}}) {
    auto once = defaulted(*of, object);
    CHECK(defaulted(*of, once) == once);
  }
}

TEST_CASE("validation: pods") {
  const auto& pods = kind("", "v1", "pods");
  CHECK(errors(pods, pod) == "");
  struct row {
    const char* pointer;
    json value;
    const char* expected;
  };
  for (const auto& [pointer, value, expected] : {
         row{"/spec/containers", json::array(), "spec.containers: Required value"},
         row{"/spec/containers/0/name", "Bad",
             "spec.containers[0].name: Invalid value: \"Bad\": a lowercase RFC 1123 label"},
         row{"/spec/containers/0/image", "", "spec.containers[0].image: Required value"},
         row{"/spec/containers/1",
             {{"name", "main"}, {"image", "x"}},
             "spec.containers[1].name: Duplicate value: \"main\""},
         row{"/spec/containers/0/ports",
             {{{"containerPort", 70000}}},
             "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 "
             "and 65535, inclusive"},
         row{"/spec/containers/0/env",
             {{{"name", "A=B"}}},
             "spec.containers[0].env[0].name: Invalid value: \"A=B\""},
         row{"/spec/containers/0/volumeMounts",
             {{{"name", "v"}, {"mountPath", "/v"}}},
             "spec.containers[0].volumeMounts[0].name: Not found: \"v\""},
         row{"/spec/containers/0/resources",
             {{"requests", {{"cpu", "2"}}}, {"limits", {{"cpu", "1"}}}},
             "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or "
             "equal to cpu limit of 1"},
         row{"/spec/containers/0/livenessProbe", json::object(),
             "spec.containers[0].livenessProbe: Required value: must specify a handler type"},
         row{"/spec/containers/0/livenessProbe",
             {{"exec", {{"command", {"a"}}}}, {"successThreshold", 2}},
             "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"},
         row{"/spec/volumes",
             {{{"name", "v"}, {"emptyDir", json::object()}, {"hostPath", {{"path", "/x"}}}}},
             "may not specify more than 1 volume type"},
         row{"/spec/tolerations",
             {{{"key", "k"}, {"tolerationSeconds", 5}}},
             "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when "
             "`tolerationSeconds` is set"},
         row{"/spec/activeDeadlineSeconds", 0,
             "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, "
             "inclusive"},
         row{"/metadata/labels",
             {{"a b", "c"}},
             "metadata.labels: Invalid value: \"a b\": name part must consist of"},
         row{"/metadata/annotations",
             {{"a", std::string(300 * 1024, 'x')}},
             "metadata.annotations: Too long: may not be more than 262144 bytes"},
         row{"/metadata/ownerReferences",
             {{{"kind", "A"}, {"name", "b"}, {"uid", "c"}, {"apiVersion", ""}}},
             "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty"},
       }) {
    auto tree = pod;
    tree["metadata"] = {{"name", "x"}, {"namespace", "default"}};
    CHECK_MESSAGE(says(errors(pods, with(tree, pointer, value)), expected),
                  errors(pods, with(tree, pointer, value)));
  }
}

TEST_CASE("validation: a message lists all errors the way kubectl shows them") {
  const auto& deployments = kind("apps", "v1", "deployments");
  auto wrong = with(deployment, "/spec/template/metadata/labels", {{"app", "db"}});
  CHECK(errors(deployments, wrong)
        == "Deployment.apps \"x\" is invalid: spec.template.metadata.labels: Invalid value: "
           "{\"app\":\"db\"}: "
           "`selector` does not match template `labels`");
  auto worse = with(wrong, "/spec/replicas", -1);
  auto found = validate(deployments, defaulted(deployments, worse));
  REQUIRE(found.causes().size() == 2);
  auto why = invalid(deployments, "x", found);
  CHECK(why.reason == reason::invalid);
  CHECK(says(why.message, "is invalid: [spec.replicas: Invalid value: -1: must be greater than or "
                          "equal to 0, spec.template"));
  CHECK(why.causes[0]
        == cause{"spec.replicas", "FieldValueInvalid",
                 "Invalid value: -1: must be greater than or equal to 0"});
}

TEST_CASE("validation: workloads") {
  const auto& deployments = kind("apps", "v1", "deployments");
  CHECK(errors(deployments, deployment) == "");
  CHECK(says(errors(deployments, with(deployment, "/spec/template/spec/restartPolicy", "Never")),
             "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
             "\"Always\""));
  CHECK(says(errors(deployments, with(deployment, "/spec/selector", json::object())),
             "empty selector is invalid for deployment"));
  CHECK(
    says(errors(deployments, with(deployment, "/spec/strategy",
                                  {{"rollingUpdate", {{"maxSurge", 0}, {"maxUnavailable", 0}}}})),
         "may not be 0 when `maxSurge` is 0"));
  CHECK(says(errors(deployments,
                    with(deployment, "/spec/strategy", {{"rollingUpdate", {{"maxSurge", "x%"}}}})),
             "a valid percent string"));
  CHECK(
    says(update_errors(deployments,
                       with(with(deployment, "/spec/selector/matchLabels/app", "b"),
                            "/spec/template/metadata/labels/app", "b"),
                       deployment),
         "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable"));
  CHECK(update_errors(deployments, with(deployment, "/spec/replicas", 7), deployment) == "");
  auto stateful = with(deployment, "/spec/serviceName", "s");
  CHECK(says(update_errors(kind("apps", "v1", "statefulsets"),
                           with(stateful, "/spec/serviceName", "t"), stateful),
             "updates to statefulset spec for fields other than"));
  json cron{
    {"spec",
     {{"schedule", "* * * *"},
      {"jobTemplate", {{"spec", {{"template", with(pod, "/spec/restartPolicy", "Never")}}}}}}}};
  CHECK(says(errors(kind("batch", "v1", "cronjobs"), cron), "expected exactly 5 fields"));
  CHECK(errors(kind("batch", "v1", "cronjobs"), with(cron, "/spec/schedule", "*/5 * * * *")) == "");
}

TEST_CASE("validation: what of a pod may change") {
  const auto& pods = kind("", "v1", "pods");
  CHECK(update_errors(pods, with(pod, "/spec/containers/0/image", "nginx:2"), pod)
        == "Pod \"x\" is invalid: spec: Forbidden: pod updates may not change fields other than "
           "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
           "`spec.tolerations` "
           "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow "
           "it to be set to 1 if it "
           "was previously negative); changed: containers"); // the pull policy followed the tag: as
                                                             // in Kubernetes
  auto fixed = with(pod, "/spec/containers/0/imagePullPolicy", "Always");
  CHECK(update_errors(pods, with(fixed, "/spec/containers/0/image", "nginx:2"), fixed) == "");
  CHECK(
    says(update_errors(pods, with(pod, "/spec/nodeName", "n2"), with(pod, "/spec/nodeName", "n1")),
         "changed: nodeName"));
  CHECK(
    says(update_errors(pods, with(pod, "/spec/containers/1", {{"name", "b"}, {"image", "c"}}), pod),
         "may not add or remove containers"));
  json toleration = {{"key", "k"}, {"operator", "Exists"}};
  CHECK(update_errors(pods, with(pod, "/spec/tolerations", json::array({toleration})), pod) == "");
  CHECK(says(update_errors(pods, pod, with(pod, "/spec/tolerations", json::array({toleration}))),
             "existing toleration can not be modified"));
  CHECK(update_errors(pods, with(pod, "/spec/activeDeadlineSeconds", 5),
                      with(pod, "/spec/activeDeadlineSeconds", 9))
        == "");
  CHECK(says(update_errors(pods, with(pod, "/spec/activeDeadlineSeconds", 9),
                           with(pod, "/spec/activeDeadlineSeconds", 5)),
             "must be less than or equal to previous value"));
  auto gated = with(pod, "/spec/schedulingGates", {{{"name", "a"}}});
  CHECK(update_errors(pods, with(pod, "/spec/nodeSelector", {{"a", "b"}}), gated) == "");
  CHECK(says(update_errors(pods, gated, pod),
             "only deletion is allowed, but found new scheduling gate 'a'"));
}

TEST_CASE("validation: Services") {
  const auto& services = kind("", "v1", "services");
  auto of = [](const char* spec) { return json{{"spec", json::parse(spec)}}; };
  CHECK(errors(services, of(R"({"ports":[{"port":80}]})")) == "");
  for (auto [spec, expected] :
       {std::pair{R"({})", "spec.ports: Required value"},
        {R"({"ports":[{"port":0}]})",
         "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"},
        {R"({"ports":[{"port":80},{"port":81}]})", "spec.ports[0].name: Required value"},
        {R"({"ports":[{"port":80,"nodePort":30000}]})",
         "may not be used when `type` is 'ClusterIP'"},
        {R"({"type":"ExternalName"})", "spec.externalName: Required value"},
        {R"({"clusterIP":"None","type":"NodePort","ports":[{"port":80}]})",
         "may not be set to 'None' for NodePort services"},
        {R"({"clusterIP":"x","ports":[{"port":80}]})",
         "spec.clusterIPs[0]: Invalid value: \"x\": must be a valid IP address"},
        {R"({"ports":[{"name":"a","port":80},{"name":"a","port":81}]})",
         "spec.ports[1].name: Duplicate value: \"a\""}})
    CHECK_MESSAGE(says(errors(services, of(spec)), expected), errors(services, of(spec)));
  CHECK(says(
    errors(services, {{"metadata", {{"name", "1a"}}}, {"spec", {{"ports", {{{"port", 80}}}}}}}),
    "a DNS-1035 label"));
}

TEST_CASE("validation: configuration, cluster and storage kinds") {
  const auto& maps = kind("", "v1", "configmaps");
  CHECK(says(errors(maps, json::parse(R"({"data":{"a b":"c"}})")),
             "data[a b]: Invalid value: \"a b\": a valid config key"));
  auto frozen = json::parse(R"({"immutable":true,"data":{"a":"b"}})");
  CHECK(says(update_errors(maps, with(frozen, "/data/a", "c"), frozen),
             "data: Forbidden: field is immutable when `immutable` is set"));
  CHECK(says(errors(kind("", "v1", "secrets"), json::parse(R"({"type":"kubernetes.io/tls"})")),
             "data[tls.crt]: Required value"));
  const auto& nodes = kind("", "v1", "nodes");
  json node = json::parse(R"({"metadata":{"name":"n"},"spec":{"providerID":"a"}})");
  CHECK(says(update_errors(nodes, with(node, "/spec/providerID", "b"), node),
             "may not change providerID except from \"\" to valid"));
  CHECK(says(
    errors(nodes,
           with(node, "/spec/taints",
                json::parse(
                  R"([{"key":"k","effect":"NoSchedule"},{"key":"k","effect":"NoSchedule"}])"))),
    "spec.taints[1]: Duplicate value"));
  json claim = json::parse(
    R"({"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})");
  const auto& claims = kind("", "v1", "persistentvolumeclaims");
  CHECK(errors(claims, claim) == "");
  CHECK(update_errors(claims, with(claim, "/spec/volumeName", "v"), claim) == "");
  CHECK(says(update_errors(claims, claim, with(claim, "/spec/volumeName", "v")),
             "spec is immutable after creation"));
  json binding = json::parse(
    R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}]})");
  const auto& bindings = kind("rbac.authorization.k8s.io", "v1", "rolebindings");
  CHECK(defaulted(bindings, binding)["subjects"][0]["apiGroup"] == "rbac.authorization.k8s.io");
  CHECK(says(update_errors(bindings, with(binding, "/roleRef/name", "s"), binding),
             "cannot change roleRef"));
}

} // namespace
} // namespace troupe::rules
