#include "actors/api/discovery/openapi.hpp"
#include "config/codec/wire.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::discovery;
using json = nlohmann::json;

namespace {

const schema::catalog& all() { return *schema::built_in(); }

const json& v2() {
  static const auto document = json::parse(openapi_v2(all(), "v1.36.0"));
  return document;
}

json v3(std::string_view group, std::string_view version) {
  auto text = openapi_v3(all(), group, version, "v1.36.0");
  REQUIRE(text);
  return json::parse(*text);
}

/// Every `$ref` in a document, as a pointer.
void references(const json& in, std::vector<std::string>& out) {
  if (in.is_object() && in.contains("$ref") && in["$ref"].is_string())
    out.push_back(in["$ref"]);
  if (in.is_structured())
    for (const auto& part : in)
      references(part, out);
}

void check_references(const json& document) {
  std::vector<std::string> found;
  references(document, found);
  CHECK(found.size() > 10);
  for (const auto& reference : found)
    CHECK_MESSAGE(document.contains(json::json_pointer(reference.substr(1))), reference);
}

/// The bytes of the first field of a number.
std::string_view first(std::string_view message, std::uint32_t number) {
  codec::wire::reader in(message);
  while (auto entry = in.next())
    if (entry->number == number)
      return entry->bytes;
  return {};
}

/// The value of a NamedX in a repeated field 1 (or `number`).
std::string_view named(std::string_view message, std::uint32_t number, std::string_view name) {
  codec::wire::reader in(message);
  while (auto entry = in.next())
    if (entry->number == number && first(entry->bytes, 1) == name)
      return first(entry->bytes, 2);
  return {};
}

} // namespace

TEST_CASE("openapi: version 2 defines what is served, with what clients merge by") {
  const auto& pod = v2()["definitions"]["io.k8s.api.core.v1.Pod"];
  CHECK(pod["x-kubernetes-group-version-kind"]
        == json::parse(R"([{"group":"","version":"v1","kind":"Pod"}])"));
  CHECK(pod["properties"]["spec"] == json{{"$ref", "#/definitions/io.k8s.api.core.v1.PodSpec"}});
  const auto& container = v2()["definitions"]["io.k8s.api.core.v1.Container"];
  CHECK(container["required"] == json{"name"});
  CHECK(container["properties"]["ports"] == json::parse(R"({"type":"array","items":{"$ref":
            "#/definitions/io.k8s.api.core.v1.ContainerPort"},"x-kubernetes-list-type":"map",
            "x-kubernetes-list-map-keys":["containerPort","protocol"],
            "x-kubernetes-patch-merge-key":"containerPort",
            "x-kubernetes-patch-strategy":"merge"})"));
  CHECK(v2()["definitions"]["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
        == json::parse(R"({"type":"string","format":"int-or-string"})"));
  check_references(v2());
}

TEST_CASE("openapi: operations name their kind and their query parameters") {
  const auto& path = v2()["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
  const auto& patch = path["patch"];
  CHECK(patch["operationId"] == "patchAppsV1NamespacedDeployment");
  CHECK(patch["x-kubernetes-action"] == "patch");
  CHECK(patch["x-kubernetes-group-version-kind"]
        == json::parse(R"({"group":"apps","version":"v1","kind":"Deployment"})"));
  std::vector<std::string> names;
  for (const auto& parameter : patch["parameters"])
    names.push_back(parameter["name"]);
  CHECK(names
        == std::vector<std::string>{"dryRun", "fieldManager", "fieldValidation", "force", "body"});
  CHECK(path["parameters"].size() == 2);
  CHECK(v2()["paths"].contains("/apis/apps/v1/deployments"));
  CHECK(v2()["paths"].contains("/api/v1/nodes/{name}"));
  CHECK(
    v2()["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/exec"]["post"]["x-kubernetes-action"]
    == "connect");
}

TEST_CASE("openapi: version 3 has a complete document per group and version") {
  for (const auto* r : all().resources()) {
    if (r != all().resources().front() && r->group == "apps")
      continue; // one resource of each group is enough
    auto document = v3(r->group, r->version);
    CHECK(document["openapi"] == "3.0.0");
    check_references(document);
  }
  auto apps = v3("apps", "v1");
  const auto& strategy =
    apps["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentStrategy"]["properties"];
  CHECK(strategy["type"]["enum"] == json{"Recreate", "RollingUpdate"});
  CHECK(!openapi_v3(all(), "apps", "v2", ""));
}

TEST_CASE("openapi: the index names every document by a hash of what it says") {
  auto index = json::parse(openapi_v3_index(all()));
  CHECK(index["paths"]["api/v1"]["serverRelativeURL"]
        == "/openapi/v3/api/v1?hash=" + openapi_v3_hash(all(), "", "v1"));
  CHECK(index["paths"].contains("apis/apps/v1"));
  CHECK(openapi_v3_hash(all(), "", "v1") != openapi_v3_hash(all(), "apps", "v1"));
  CHECK(openapi_v3_hash(all(), "", "v1") == openapi_v3_hash(all(), "", "v1"));
}

TEST_CASE("openapi: the protobuf says what the JSON says") {
  auto bytes = openapi_v2_protobuf(all(), "v1.36.0");
  CHECK(first(bytes, 1) == "2.0");
  CHECK(first(first(bytes, 2), 2) == "v1.36.0");
  auto container = named(first(bytes, 9), 1, "io.k8s.api.core.v1.Container");
  REQUIRE(!container.empty());
  auto ports = named(first(container, 25), 1, "ports");
  CHECK(first(first(ports, 22), 1) == "array");
  CHECK(first(first(first(ports, 23), 1), 1) == "#/definitions/io.k8s.api.core.v1.ContainerPort");
  CHECK(first(named(ports, 31, "x-kubernetes-patch-merge-key"), 2) == "\"containerPort\"");
  CHECK(first(container, 19) == "name");
  auto path = named(first(bytes, 8), 2, "/api/v1/namespaces/{namespace}/pods/{name}");
  auto patch = first(path, 8);
  CHECK(first(patch, 5) == "patchCoreV1NamespacedPod");
  CHECK(json::parse(first(named(patch, 13, "x-kubernetes-group-version-kind"), 2))
        == json::parse(R"({"group":"","kind":"Pod","version":"v1"})"));
  CHECK(openapi_v2_protobuf_wanted("application/com.github.proto-openapi.spec.v2@v1.0+protobuf"));
  CHECK_FALSE(openapi_v2_protobuf_wanted("application/json"));
}
