#include "config/schema/walk.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::schema;
using json = nlohmann::json;

namespace {

const type& pod() { return *built_in()->by_kind("", "v1", "Pod")->of; }
const type& deployment() { return *built_in()->by_kind("apps", "v1", "Deployment")->of; }

std::vector<std::string> fields(const std::vector<cause>& causes) {
  std::vector<std::string> out;
  for (const auto& c : causes)
    out.push_back(c.field);
  return out;
}

json small_pod() {
  return json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},
    "spec":{"containers":[{"name":"c","image":"i"}]}})");
}

} // namespace

TEST_CASE("walk: unknown fields are named by their path") {
  auto tree = json::parse(R"({"kind":"Deployment","specc":1,"metadata":{"labels":{"any":"x"}},
    "spec":{"template":{"spec":{"containers":[{"name":"c","imagee":"i"},
      {"name":"d","resources":{"limits":{"cpu":"1"},"limit":{}}}]}}}})");
  CHECK(unknown_fields(deployment(), tree)
        == std::vector<std::string>{"spec.template.spec.containers[0].imagee",
                                    "spec.template.spec.containers[1].resources.limit", "specc"});
  CHECK(unknown_fields(deployment(), tree, 1).size() == 1);
  prune(deployment(), tree);
  CHECK(unknown_fields(deployment(), tree).empty());
  CHECK(tree["metadata"]["labels"]["any"] == "x");
  CHECK(tree["spec"]["template"]["spec"]["containers"][0] == json{{"name", "c"}});
}

TEST_CASE("walk: free-form values keep whatever they hold") {
  const auto& revision = *built_in()->by_kind("apps", "v1", "ControllerRevision")->of;
  auto tree = json::parse(R"({"kind":"ControllerRevision","data":{"x":{"y":[1,null]}}})");
  CHECK(unknown_fields(revision, tree).empty());
  auto before = tree;
  prune(revision, tree);
  normalize(revision, tree);
  CHECK(tree == before);
}

TEST_CASE("walk: values of the wrong type are told with path and both types") {
  struct {
    const char* spec;
    const char* field;
    const char* type;
  } table[] = {
    {R"({"containers":{}})", "spec.containers", "FieldValueTypeInvalid"},
    {R"({"containers":[{"name":7}]})", "spec.containers[0].name", "FieldValueTypeInvalid"},
    {R"({"priority":"high"})", "spec.priority", "FieldValueTypeInvalid"},
    {R"({"priority":1.5})", "spec.priority", "FieldValueTypeInvalid"},
    {R"({"priority":4294967296})", "spec.priority", "FieldValueInvalid"},
    {R"({"activeDeadlineSeconds":18446744073709551615})", "spec.activeDeadlineSeconds",
     "FieldValueInvalid"},
    {R"({"hostNetwork":"true"})", "spec.hostNetwork", "FieldValueTypeInvalid"},
    {R"({"nodeSelector":{"a":1}})", "spec.nodeSelector.a", "FieldValueTypeInvalid"},
    {R"({"nodeSelector":{"a/b":true}})", "spec.nodeSelector[a/b]", "FieldValueTypeInvalid"},
    {R"({"containers":[{"resources":{"limits":{"cpu":[]}}}]})",
     "spec.containers[0].resources.limits.cpu", "FieldValueTypeInvalid"},
    {R"({"containers":[{"livenessProbe":{"httpGet":{"port":1.5}}}]})",
     "spec.containers[0].livenessProbe.httpGet.port", "FieldValueTypeInvalid"},
  };
  for (const auto& row : table) {
    auto tree = json{{"kind", "Pod"}, {"spec", json::parse(row.spec)}};
    auto causes = check_types(pod(), tree);
    REQUIRE_MESSAGE(causes.size() == 1, row.spec);
    CHECK(causes[0].field == row.field);
    CHECK(causes[0].type == row.type);
  }
  auto tree = json{{"kind", "Pod"}, {"spec", {{"priority", "high"}}}};
  CHECK(check_types(pod(), tree)[0].message
        == "Invalid value: \"string\": spec.priority in body must be of type integer: \"string\"");
}

TEST_CASE("walk: times and base64 are checked") {
  auto tree = json::parse(R"({"metadata":{"creationTimestamp":"yesterday"}})");
  CHECK(fields(check_types(pod(), tree)) == std::vector<std::string>{"metadata.creationTimestamp"});
  tree["metadata"]["creationTimestamp"] = "2026-11-22T16:41:34Z";
  CHECK(check_types(pod(), tree).empty());
  const auto& secret = *built_in()->by_kind("", "v1", "Secret")->of;
  CHECK(check_types(secret, json{{"data", {{"a", "aGk="}, {"b", ""}}}}).empty());
  CHECK(check_types(secret, json{{"data", {{"a", "not base64"}}}}).size() == 1);
}

TEST_CASE("walk: nulls, numbers for quantities and both kinds of ports are of the right type") {
  auto tree = json::parse(R"({"metadata":{"creationTimestamp":null},"spec":{"containers":[
    {"name":"c","resources":{"limits":{"cpu":1,"memory":"1Gi"}},
     "readinessProbe":{"httpGet":{"port":"http"}},"livenessProbe":{"httpGet":{"port":80}}}]}})");
  CHECK(check_types(pod(), tree).empty());
  normalize(pod(), tree);
  CHECK_FALSE(tree["metadata"].contains("creationTimestamp"));
  CHECK(tree["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "1");
}

TEST_CASE("walk: a null for a required list becomes an empty list") {
  const auto& binding = *built_in()->by_kind("", "v1", "Pod")->of;
  auto tree = json::parse(R"({"spec":{"containers":null,"volumes":null}})");
  normalize(binding, tree);
  CHECK(tree == json::parse(R"({"spec":{"containers":[]}})"));
}

TEST_CASE("walk: a null element becomes the zero value of its type") {
  auto tree = json::parse(R"({"metadata":{"labels":{"a":null},"finalizers":[null]},
    "spec":{"containers":[null],"overhead":{"cpu":null}}})");
  normalize(pod(), tree);
  CHECK(tree == json::parse(R"({"metadata":{"labels":{"a":""},"finalizers":[""]},
    "spec":{"containers":[{}],"overhead":{"cpu":"0"}}})"));
  CHECK(fields(check_values(pod(), tree)) == std::vector<std::string>{"spec.containers[0].name"});
}

TEST_CASE("walk: what is required and missing is told, but not in the status") {
  auto tree = json::parse(R"({"kind":"Pod","spec":{"containers":[{"image":"i"}],
    "volumes":[{"emptyDir":{}}]},"status":{"containerStatuses":[{}]}})");
  CHECK(fields(check_values(pod(), tree))
        == std::vector<std::string>{"spec.containers[0].name", "spec.volumes[0].name"});
  CHECK(check_values(pod(), tree)[0].type == "FieldValueRequired");
  CHECK(check_values(pod(), small_pod()).empty());
}

TEST_CASE("walk: closed values are told with what is allowed") {
  auto tree = small_pod();
  tree["spec"]["restartPolicy"] = "Sometimes";
  auto causes = check_values(pod(), tree);
  REQUIRE(causes.size() == 1);
  CHECK(causes[0]
        == cause{"spec.restartPolicy", "FieldValueNotSupported",
                 "Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", "
                 "\"OnFailure\""});
  tree["spec"]["restartPolicy"] = "";
  CHECK(check_values(pod(), tree).empty());
}

TEST_CASE("walk: defaults fill what is absent and leave what is said") {
  auto tree = small_pod();
  tree["spec"]["containers"][0]["livenessProbe"] = {{"periodSeconds", 0}, {"timeoutSeconds", 7}};
  tree["spec"]["containers"][0]["ports"] = {{{"containerPort", 80}}};
  tree["spec"]["terminationGracePeriodSeconds"] = 0;
  tree["spec"]["restartPolicy"] = "";
  apply_defaults(pod(), tree);
  const auto& spec = tree["spec"];
  CHECK(spec["dnsPolicy"] == "ClusterFirst");
  CHECK(spec["restartPolicy"] == "Always");
  CHECK(spec["securityContext"] == json::object());
  CHECK(spec["terminationGracePeriodSeconds"] == 0); // zero is a wish here
  CHECK(spec["containers"][0]["terminationMessagePolicy"] == "File");
  CHECK(spec["containers"][0]["ports"][0]["protocol"] == "TCP");
  CHECK(spec["containers"][0]["livenessProbe"]
        == json::parse(R"({"failureThreshold":3,"periodSeconds":10,"successThreshold":1,
                           "timeoutSeconds":7})"));
  auto once = tree;
  apply_defaults(pod(), tree);
  CHECK(tree == once);
}

TEST_CASE("walk: a default that makes an object present is followed by that object's defaults") {
  auto tree = json::parse(R"({"kind":"Deployment","spec":{"template":{"spec":{}}}})");
  apply_defaults(deployment(), tree);
  CHECK(tree["spec"]["replicas"] == 1);
  CHECK(tree["spec"]["strategy"]["type"] == "RollingUpdate");
  CHECK(tree["spec"]["template"]["spec"]["schedulerName"] == "default-scheduler");
}

TEST_CASE("walk: the defaults of every kind are of the right types and values") {
  for (const auto* t : built_in()->definitions()) {
    if (t->what != shape::object)
      continue;
    auto tree = json::object();
    apply_defaults(*t, tree);
    CHECK_MESSAGE(check_types(*t, tree).empty(), std::string(t->name), tree.dump());
    for (const auto& c : check_values(*t, tree))
      CHECK_MESSAGE(c.type != "FieldValueNotSupported", std::string(t->name), ".", c.field);
  }
}

TEST_CASE("walk: a visitor meets values with their paths and may stop") {
  struct seer final : visitor {
    std::vector<std::string> seen;
    bool enter(const std::string& path, const type&, json&) override {
      seen.push_back(path);
      return path != "metadata";
    }
  } with;
  auto tree = small_pod();
  walk(pod(), tree, with);
  CHECK(with.seen
        == std::vector<std::string>{"", "apiVersion", "kind", "metadata", "spec", "spec.containers",
                                    "spec.containers[0]", "spec.containers[0].image",
                                    "spec.containers[0].name"});
}
