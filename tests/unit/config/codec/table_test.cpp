#include "config/codec/table.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::codec;
using json = nlohmann::json;

namespace {

instant now() { return *api::parse_time("2026-11-22T12:00:00Z"); }

api::object_ptr object_of(const json& tree, revision version = revision{5}) {
  auto made = api::parse_object(share(api::encode(tree)), version);
  REQUIRE(made);
  return std::make_shared<const api::object>(std::move(*made));
}

const schema::resource& resource(std::string_view group, std::string_view version,
                                 std::string_view plural) {
  const auto* found = schema::built_in()->find(group, version, plural);
  REQUIRE(found != nullptr);
  return *found;
}

/// Title and cell of the one row that `tree` gives.
json row_of(const schema::resource& of, json tree) {
  tree["apiVersion"] = of.api_version();
  tree["kind"] = of.kind;
  if (!tree["metadata"].contains("name"))
    tree["metadata"]["name"] = "x";
  if (!tree["metadata"].contains("creationTimestamp"))
    tree["metadata"]["creationTimestamp"] = "2026-11-22T11:00:00Z";
  auto list = std::vector{object_of(tree)};
  auto table = table_of(of, list, now());
  REQUIRE(table["rows"].size() == 1);
  auto out = json::object();
  REQUIRE(table["rows"][0]["cells"].size() == of.columns.size());
  for (std::size_t i = 0; i < of.columns.size(); ++i)
    out[std::string(of.columns[i].title)] = table["rows"][0]["cells"][i];
  return out;
}

json row_of(std::string_view group, std::string_view version, std::string_view plural,
            const char* text) {
  return row_of(resource(group, version, plural), json::parse(text));
}

json pod_row(const char* spec, const char* status, const char* meta = "{}") {
  return row_of(resource("", "v1", "pods"), json{{"metadata", json::parse(meta)},
                                                 {"spec", json::parse(spec)},
                                                 {"status", json::parse(status)}});
}

} // namespace

TEST_CASE("table: spans of time are written in kubectl's short form") {
  struct {
    duration span;
    const char* text;
  } table[] = {{-3s, "<invalid>"},
               {-1s, "0s"},
               {0s, "0s"},
               {119s, "119s"},
               {120s, "2m"},
               {125s, "2m5s"},
               {9min + 59s, "9m59s"},
               {10min + 5s, "10m"},
               {179min, "179m"},
               {3h, "3h"},
               {3h + 20min, "3h20m"},
               {8h + 20min, "8h"},
               {47h, "47h"},
               {48h, "2d"},
               {51h, "2d3h"},
               {192h, "8d"},
               {24h * 400, "400d"},
               {24h * 730, "2y"},
               {24h * 740, "2y10d"},
               {24h * 365 * 9, "9y"}};
  for (const auto& row : table)
    CHECK(human_duration(row.span) == row.text);
}

TEST_CASE("table: the status of a pod is Kubernetes'") {
  const char* one = R"({"containers":[{"name":"c"}]})";
  const char* inits =
    R"({"initContainers":[{"name":"i"},{"name":"j"}],"containers":[{"name":"c"}]})";
  const char* deleted = R"({"deletionTimestamp":"2026-11-22T11:59:00Z"})";
  struct {
    const char* spec;
    const char* status;
    const char* meta;
    const char* ready;
    const char* text;
    const char* restarts;
  } table[] = {
    {one, R"({"phase":"Pending"})", "{}", "0/1", "Pending", "0"},
    {one, R"({"phase":"Running","containerStatuses":[{"ready":true,"state":{"running":{}}}]})",
     "{}", "1/1", "Running", "0"},
    {one, R"({"phase":"Pending","containerStatuses":[{"state":{"waiting":
       {"reason":"ContainerCreating"}}}]})",
     "{}", "0/1", "ContainerCreating", "0"},
    {one, R"({"phase":"Running","containerStatuses":[{"restartCount":4,"state":{"waiting":
       {"reason":"CrashLoopBackOff"}},"lastState":{"terminated":
       {"finishedAt":"2026-11-22T11:57:00Z"}}}]})",
     "{}", "0/1", "CrashLoopBackOff", "4 (3m ago)"},
    {one, R"({"phase":"Succeeded","containerStatuses":[{"state":{"terminated":
       {"reason":"Completed","exitCode":0}}}]})",
     "{}", "0/1", "Completed", "0"},
    {one, R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]})",
     "{}", "0/1", "ExitCode:3", "0"},
    {one, R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"signal":9}}}]})", "{}",
     "0/1", "Signal:9", "0"},
    {one, R"({"phase":"Failed","reason":"Evicted"})", "{}", "0/1", "Evicted", "0"},
    {one, R"({"phase":"Running"})", deleted, "0/1", "Terminating", "0"},
    {one, R"({"phase":"Running","reason":"NodeLost"})", deleted, "0/1", "Unknown", "0"},
    {one, R"({"phase":"Succeeded"})", deleted, "0/1", "Succeeded", "0"},
    {one, R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
       "reason":"SchedulingGated"}]})",
     "{}", "0/1", "SchedulingGated", "0"},
    {inits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]})",
     "{}", "0/1", "Init:0/2", "0"},
    {inits, R"({"phase":"Pending","initContainerStatuses":[
       {"name":"i","state":{"terminated":{"exitCode":0}}},
       {"name":"j","state":{"waiting":{"reason":"PodInitializing"}}}]})",
     "{}", "0/1", "Init:1/2", "0"},
    {inits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":2,
       "state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})",
     "{}", "0/1", "Init:CrashLoopBackOff", "2"},
    {inits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":
       {"terminated":{"exitCode":1,"reason":"Error"}}}]})",
     "{}", "0/1", "Init:Error", "0"},
    {inits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":
       {"terminated":{"exitCode":7}}}]})",
     "{}", "0/1", "Init:ExitCode:7", "0"},
    {R"({"containers":[{"name":"a"},{"name":"b"}]})",
     R"({"phase":"Running","conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[
       {"state":{"terminated":{"reason":"Completed","exitCode":0}}},
       {"ready":true,"state":{"running":{}}}]})",
     "{}", "1/2", "NotReady", "0"},
    {R"({"initContainers":[{"name":"s","restartPolicy":"Always"}],"containers":[{"name":"c"}]})",
     R"({"phase":"Running","initContainerStatuses":[{"name":"s","started":true,"ready":true,
       "restartCount":1,"state":{"running":{}}}],"containerStatuses":[{"ready":true,
       "restartCount":2,"state":{"running":{}}}]})",
     "{}", "2/2", "Running", "3"},
  };
  for (const auto& row : table) {
    auto cells = pod_row(row.spec, row.status, row.meta);
    CHECK_MESSAGE(cells["Ready"] == row.ready, row.status);
    CHECK_MESSAGE(cells["Status"] == row.text, row.status);
    CHECK_MESSAGE(cells["Restarts"] == row.restarts, row.status);
  }
}

TEST_CASE("table: the wide columns of a pod have a word for nothing") {
  auto cells = pod_row("{}", "{}");
  for (const char* title : {"IP", "Node", "Nominated Node", "Readiness Gates"})
    CHECK(cells[title] == "<none>");
  CHECK(cells["Age"] == "60m");
  cells = pod_row(R"({"nodeName":"n","readinessGates":[{"conditionType":"a"},
                     {"conditionType":"b"}]})",
                  R"({"podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"a","status":"True"}]})");
  CHECK(cells["IP"] == "10.0.0.1");
  CHECK(cells["Node"] == "n");
  CHECK(cells["Readiness Gates"] == "1/2");
}

TEST_CASE("table: workloads") {
  auto d = row_of("apps", "v1", "deployments",
                  R"({"spec":{"replicas":3,"selector":{"matchLabels":{"b":"2","a":"1"},
    "matchExpressions":[{"key":"c","operator":"In","values":["y","x"]},
    {"key":"d","operator":"DoesNotExist"}]},"template":{"spec":{"containers":[
    {"name":"one","image":"i:1"},{"name":"two","image":"j"}]}}},
    "status":{"readyReplicas":2,"updatedReplicas":1,"availableReplicas":2}})");
  CHECK(d["Ready"] == "2/3");
  CHECK(d["Up-to-date"] == 1);
  CHECK(d["Available"] == 2);
  CHECK(d["Containers"] == "one,two");
  CHECK(d["Images"] == "i:1,j");
  CHECK(d["Selector"] == "a=1,b=2,c in (x,y),!d");
  auto j = row_of("batch", "v1", "jobs",
                  R"({"spec":{"completions":2},"status":{"succeeded":1,
    "startTime":"2026-11-22T11:58:00Z","conditions":[{"type":"Complete","status":"False"}]}})");
  CHECK(j["Status"] == "Running");
  CHECK(j["Completions"] == "1/2");
  CHECK(j["Duration"] == "2m");
  CHECK(j["Selector"] == "<none>");
  auto c =
    row_of("batch", "v1", "cronjobs", R"({"spec":{"schedule":"* * * * *","suspend":false}})");
  CHECK(c["Suspend"] == "False");
  CHECK(c["Active"] == 0);
  CHECK(c["Timezone"] == "<none>");
  CHECK(c["Last Schedule"] == "<none>");
  auto h = row_of("autoscaling", "v2", "horizontalpodautoscalers",
                  R"({"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"minReplicas":1,
    "maxReplicas":4,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":
    {"averageUtilization":80}}}]},"status":{"currentReplicas":2,"currentMetrics":[{"resource":
    {"current":{"averageUtilization":35}}}]}})");
  CHECK(h["Reference"] == "Deployment/d");
  CHECK(h["Targets"] == "cpu: 35%/80%");
  CHECK(h["MinPods"] == 1);
}

TEST_CASE("table: services, endpoints and ingresses") {
  auto s = row_of("", "v1", "services",
                  R"({"spec":{"type":"NodePort","clusterIPs":["10.96.0.1"],"selector":{"a":"b"},
    "ports":[{"port":80,"nodePort":30000,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}})");
  CHECK(s["Port(s)"] == "80:30000/TCP,53/UDP");
  CHECK(s["Cluster-IP"] == "10.96.0.1");
  CHECK(s["External-IP"] == "<none>");
  CHECK(s["Selector"] == "a=b");
  s = row_of("", "v1", "services", R"({"spec":{"type":"LoadBalancer"}})");
  CHECK(s["External-IP"] == "<pending>");
  CHECK(s["Port(s)"] == "<none>");
  s = row_of("", "v1", "services",
             R"({"spec":{"type":"LoadBalancer","externalIPs":["9.9.9.9"]},"status":{"loadBalancer":
    {"ingress":[{"ip":"2.2.2.2"},{"hostname":"h"}]}}})");
  CHECK(s["External-IP"] == "2.2.2.2,h,9.9.9.9");
  auto e = row_of("", "v1", "endpoints",
                  R"({"subsets":[{"addresses":[{"ip":"1.1.1.1"},{"ip":"1.1.1.2"}],
    "ports":[{"port":80},{"port":81}]}]})");
  CHECK(e["Endpoints"] == "1.1.1.1:80,1.1.1.2:80,1.1.1.1:81 + 1 more...");
  CHECK(row_of("", "v1", "endpoints", "{}")["Endpoints"] == "<none>");
  auto i = row_of("networking.k8s.io", "v1", "ingresses",
                  R"({"spec":{"ingressClassName":"c","tls":[{}],"rules":[{"host":"a"},{"host":"b"},
    {"host":"c"},{"host":"d"}]},"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})");
  CHECK(i["Hosts"] == "a,b,c + 1 more...");
  CHECK(i["Address"] == "1.2.3.4");
  CHECK(i["Ports"] == "80, 443");
  auto x = row_of("discovery.k8s.io", "v1", "endpointslices",
                  R"({"addressType":"IPv4","ports":[{"port":80}],"endpoints":[
    {"addresses":["1.1.1.1"]}]})");
  CHECK(x["Ports"] == "80");
  CHECK(x["Endpoints"] == "1.1.1.1");
}

TEST_CASE("table: nodes and events") {
  auto n = row_of("", "v1", "nodes",
                  R"({"metadata":{"labels":{"node-role.kubernetes.io/worker":"",
    "node-role.kubernetes.io/control-plane":""}},"spec":{"unschedulable":true},"status":{
    "conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP",
    "address":"10.0.0.1"}],"nodeInfo":{"kubeletVersion":"v1.36.0"}}})");
  CHECK(n["Status"] == "Ready,SchedulingDisabled");
  CHECK(n["Roles"] == "control-plane,worker");
  CHECK(n["Version"] == "v1.36.0");
  CHECK(n["Internal-IP"] == "10.0.0.1");
  CHECK(n["External-IP"] == "<none>");
  CHECK(n["OS-Image"] == "<unknown>");
  CHECK(row_of("", "v1", "nodes", "{}")["Status"] == "Unknown");
  auto e = row_of("", "v1", "events",
                  R"({"involvedObject":{"kind":"Pod","name":"p"},"reason":"Started","type":"Normal",
    "message":" started\n","lastTimestamp":"2026-11-22T11:59:00Z","firstTimestamp":
    "2026-11-22T11:50:00Z","count":3,"source":{"component":"kubelet","host":"n"}})");
  CHECK(e["Last Seen"] == "60s");
  CHECK(e["First Seen"] == "10m");
  CHECK(e["Object"] == "pod/p");
  CHECK(e["Message"] == "started");
  CHECK(e["Source"] == "kubelet, n");
  CHECK(e["Count"] == 3);
}

TEST_CASE("table: volumes, claims and classes") {
  auto v = row_of("", "v1", "persistentvolumes",
                  R"({"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteMany",
    "ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain","storageClassName":"s","claimRef":
    {"namespace":"n","name":"c"},"volumeMode":"Filesystem"},"status":{"phase":"Bound"}})");
  CHECK(v["Capacity"] == "1Gi");
  CHECK(v["Access Modes"] == "RWO,RWX");
  CHECK(v["Claim"] == "n/c");
  CHECK(v["Status"] == "Bound");
  CHECK(v["VolumeAttributesClass"] == "<unset>");
  auto c = row_of("", "v1", "persistentvolumeclaims",
                  R"({"spec":{},"status":{"phase":"Pending","capacity":{"storage":"1Gi"}}})");
  CHECK(c["Capacity"] == "");
  auto s = row_of("storage.k8s.io", "v1", "storageclasses",
                  R"({"metadata":{"name":"fast","annotations":
    {"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p"})");
  CHECK(s["Name"] == "fast (default)");
  CHECK(s["ReclaimPolicy"] == "Delete");
  CHECK(s["AllowVolumeExpansion"] == false);
}

TEST_CASE("table: rights, quotas and the kinds of the machinery") {
  auto b = row_of("rbac.authorization.k8s.io", "v1", "rolebindings",
                  R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"},
    {"kind":"ServiceAccount","namespace":"n","name":"s"}]})");
  CHECK(b["Role"] == "Role/r");
  CHECK(b["Users"] == "u");
  CHECK(b["ServiceAccounts"] == "n/s");
  CHECK(row_of("rbac.authorization.k8s.io", "v1", "roles", "{}")["Created At"]
        == "2026-11-22T11:00:00Z");
  auto q = row_of("", "v1", "resourcequotas",
                  R"({"status":{"hard":{"limits.cpu":"2","pods":"10"},"used":{"pods":"3"}}})");
  CHECK(q["Request"] == "pods: 3/10");
  CHECK(q["Limit"] == "limits.cpu: 0/2");
  auto a = row_of("apiregistration.k8s.io", "v1", "apiservices",
                  R"({"spec":{},"status":{"conditions":[{"type":"Available","status":"False",
    "reason":"Missing"}]}})");
  CHECK(a["Service"] == "Local");
  CHECK(a["Available"] == "False (Missing)");
  CHECK(row_of("", "v1", "secrets", R"({"type":"Opaque","data":{"a":"","b":""}})")["Data"] == 2);
  CHECK(row_of("", "v1", "configmaps", R"({"data":{"a":""},"binaryData":{"b":""}})")["Data"] == 2);
}

TEST_CASE("table: every kind has cells for an empty object") {
  for (const auto* r : schema::built_in()->resources())
    CHECK(row_of(*r, json::object()).size() == r->columns.size());
}

TEST_CASE("table: the columns of a custom kind are paths and dates become ages") {
  static constexpr schema::column columns[] = {
    {"Name", "string", "name", 0, "name"},
    {"Ready", "string", "", 0, R"(custom(.status.conditions[?(@.type=="Ready")].status))"},
    {"Size", "integer", "", 0, "custom(.spec.size)"},
    {"Odd", "string", "", 0, R"(custom(.metadata.annotations.a\.b/c))"},
    {"Since", "date", "", 0, "custom(.status.since)"},
    {"Gone", "string", "", 0, "custom(.status.gone)"}};
  schema::resource custom{.group = "x.io", .version = "v1", .plural = "gadgets", .kind = "Gadget"};
  custom.columns = columns;
  auto row = row_of(custom, json::parse(R"({"metadata":{"annotations":{"a.b/c":"z"}},
    "spec":{"size":3},"status":{"since":"2026-11-22T11:59:30Z","conditions":[
    {"type":"Other","status":"False"},{"type":"Ready","status":"True"}]}})"));
  CHECK(row == json::parse(R"({"Name":"x","Ready":"True","Size":3,"Odd":"z","Since":"30s",
                               "Gone":null})"));
}

TEST_CASE("table: headers, list metadata and the objects of rows") {
  const auto& pods = resource("", "v1", "pods");
  auto list = std::vector{object_of(json::parse(
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"k":"v"}},
          "status":{"phase":"Failed"}})"))};
  auto table = json::parse(
    table_text(pods, list, now(), {.version = revision{9}, .next = "n\"1", .remaining = 4}));
  CHECK(table["kind"] == "Table");
  CHECK(table["metadata"]
        == json::parse(R"({"resourceVersion":"9","continue":"n\"1","remainingItemCount":4})"));
  CHECK(
    table["columnDefinitions"][5]
    == json::parse(R"({"name":"IP","type":"string","format":"","description":"","priority":1})"));
  CHECK(table["columnDefinitions"][0]["format"] == "name");
  CHECK(table["rows"][0]["object"]
        == json::parse(R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",
           "metadata":{"name":"a","labels":{"k":"v"},"resourceVersion":"5"}})"));
  CHECK(table["rows"][0]["conditions"][0]["reason"] == "Failed");
  table = json::parse(
    table_text(pods, list, now(), {.object = table_options::include::none, .headers = false}));
  CHECK(table["rows"][0]["object"].is_null());
  CHECK(table["columnDefinitions"].is_null());
  table = json::parse(table_text(pods, list, now(), {.object = table_options::include::object}));
  CHECK(table["rows"][0]["object"]["status"]["phase"] == "Failed");
}
