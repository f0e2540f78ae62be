#include "actors/api/discovery/discovery.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::discovery;
using json = nlohmann::json;

namespace {

const schema::catalog& all() { return *schema::built_in(); }

/// The element of a list whose `key` is `value`; null if there is none.
json element(const json& list, const char* key, const char* value) {
  for (const auto& one : list)
    if (one.value(key, "") == value)
      return one;
  return nullptr;
}

} // namespace

TEST_CASE("discovery: the core versions name the address clients use") {
  CHECK(json::parse(api_versions("10.0.0.1:6443"))
        == json::parse(R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":
            [{"clientCIDR":"0.0.0.0/0","serverAddress":"10.0.0.1:6443"}]})"));
}

TEST_CASE("discovery: groups are listed in Kubernetes' order with their preferred version") {
  auto groups = json::parse(api_groups(all()));
  CHECK(groups["kind"] == "APIGroupList");
  CHECK(groups["apiVersion"] == "v1");
  CHECK(groups["groups"][0]["name"] == "apiregistration.k8s.io");
  CHECK(groups["groups"][1]
        == json::parse(R"({"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],
            "preferredVersion":{"groupVersion":"apps/v1","version":"v1"}})"));
  auto admission = element(groups["groups"], "name", "admissionregistration.k8s.io");
  CHECK(admission["versions"].size() == 3);
  CHECK(admission["preferredVersion"]["version"] == "v1");
  auto apps = json::parse(*api_group(all(), "apps"));
  CHECK(apps["kind"] == "APIGroup");
  CHECK(apps["name"] == "apps");
  CHECK(!api_group(all(), "x.io"));
  CHECK(!api_group(all(), ""));
}

TEST_CASE("discovery: resources and their subresources are listed with verbs and names") {
  auto core = json::parse(*api_resources(all(), "", "v1"));
  CHECK(core["kind"] == "APIResourceList");
  CHECK(core["groupVersion"] == "v1");
  CHECK(element(core["resources"], "name", "pods")
        == json::parse(R"({"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod",
            "verbs":["create","delete","deletecollection","get","list","patch","update","watch"],
            "shortNames":["po"],"categories":["all"]})"));
  CHECK(element(core["resources"], "name", "pods/eviction")
        == json::parse(R"({"name":"pods/eviction","singularName":"","namespaced":true,
            "group":"policy","version":"v1","kind":"Eviction","verbs":["create"]})"));
  CHECK(element(core["resources"], "name", "pods/log")
        == json::parse(R"({"name":"pods/log","singularName":"","namespaced":true,"kind":"Pod",
            "verbs":["get"]})"));
  CHECK(!api_resources(all(), "", "v2"));
  CHECK(!api_resources(all(), "apps", "v1beta1"));
}

TEST_CASE("discovery: subresources that do not answer are left out everywhere") {
  auto only_status = [](const schema::resource&, const schema::subresource& sub) {
    return sub.name == "status";
  };
  auto core = json::parse(*api_resources(all(), "", "v1", only_status));
  CHECK(element(core["resources"], "name", "pods/exec").is_null());
  CHECK(!element(core["resources"], "name", "pods/status").is_null());
  auto list = json::parse(aggregated(all(), "v2", true, only_status));
  auto pods = element(list["items"][0]["versions"][0]["resources"], "resource", "pods");
  CHECK(pods["subresources"].size() == 1);
}

TEST_CASE("discovery: aggregated discovery says the same in one document") {
  auto core = json::parse(aggregated(all(), "v2", true));
  CHECK(core["kind"] == "APIGroupDiscoveryList");
  CHECK(core["apiVersion"] == "apidiscovery.k8s.io/v2");
  REQUIRE(core["items"].size() == 1);
  CHECK(!core["items"][0]["metadata"].contains("name"));
  auto groups = json::parse(aggregated(all(), "v2beta1", false));
  CHECK(groups["apiVersion"] == "apidiscovery.k8s.io/v2beta1");
  auto apps = groups["items"][1];
  CHECK(apps["metadata"]["name"] == "apps");
  CHECK(apps["versions"][0]["freshness"] == "Current");
  auto deployments = element(apps["versions"][0]["resources"], "resource", "deployments");
  CHECK(deployments["scope"] == "Namespaced");
  CHECK(deployments["singularResource"] == "deployment");
  CHECK(deployments["responseKind"]
        == json::parse(R"({"group":"apps","version":"v1","kind":"Deployment"})"));
  CHECK(element(deployments["subresources"], "subresource", "scale")["responseKind"]["group"]
        == "autoscaling");
}

TEST_CASE("discovery: the Accept header decides between plain and aggregated") {
  const std::string v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const std::string beta =
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
  CHECK(aggregated_wanted(v2 + "," + beta + ",application/json") == "v2");
  CHECK(aggregated_wanted(beta + ",application/json") == "v2beta1");
  CHECK(aggregated_wanted("application/json; as=APIGroupDiscoveryList; v=v2; "
                          "g=apidiscovery.k8s.io")
        == "v2");
  CHECK(aggregated_wanted("application/json," + v2).empty());
  CHECK(aggregated_wanted("application/json, */*").empty());
  CHECK(aggregated_wanted("").empty());
  CHECK(aggregated_type("v2") == v2);
}

TEST_CASE("discovery: the version is what clients compare") {
  auto version = json::parse(version_document("v1.36.0+troupe.1", "linux/amd64"));
  CHECK(version["major"] == "1");
  CHECK(version["minor"] == "36");
  CHECK(version["gitVersion"] == "v1.36.0+troupe.1");
  CHECK(version["platform"] == "linux/amd64");
}
