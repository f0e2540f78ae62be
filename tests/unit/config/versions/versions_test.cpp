// What holds of every kind with several versions, found by walking the tables.
#include "config/schema/walk.hpp"
#include "config/versions/rows.hpp"
#include "config/versions/versions.hpp"
#include "tests/support/full_object.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

namespace troupe::versions {
namespace {

using json = nlohmann::json;
using schema::resource;

/// Every version that is not the stored one, with the stored one.
template <class F> void for_each_spoke(F f) {
  auto all = schema::built_in();
  for (const auto* r : all->resources()) {
    const auto& hub = stored_as(*all, *r);
    if (&hub == r)
      continue;
    INFO(r->api_version() << " " << std::string{r->kind});
    f(*r, hub);
  }
}

/// Where two types differ in their fields' names or shapes.
void compare(const schema::type& a, const schema::type& b, const std::string& path,
             std::set<std::pair<const schema::type*, const schema::type*>>& seen,
             std::vector<std::string>& out) {
  if (!seen.emplace(&a, &b).second)
    return;
  if (a.what != b.what || a.list != b.list || (a.element == nullptr) != (b.element == nullptr))
    return out.push_back(path);
  if (a.element)
    compare(*a.element, *b.element, path + "[]", seen, out);
  for (const auto& f : a.fields)
    if (const auto* other = b.find(f.name))
      compare(*f.of, *other->of, path + "." + std::string{f.name}, seen, out);
    else
      out.push_back(path + "." + std::string{f.name});
  for (const auto& f : b.fields)
    if (!a.find(f.name))
      out.push_back(path + "." + std::string{f.name});
}

TEST_CASE("versions: every version of a kind is stored as one of them, the best") {
  auto all = schema::built_in();
  std::map<std::string, std::set<std::string>> stored;
  for (const auto* r : all->resources()) {
    const auto& hub = stored_as(*all, *r);
    CHECK(&stored_as(*all, hub) == &hub);
    CHECK(hub.plural == r->plural);
    stored[hub.api_version() + " " + std::string{hub.plural}].insert(r->api_version());
  }
  using names = std::set<std::string>;
  CHECK(stored["v1 events"] == names{"events.k8s.io/v1", "v1"});
  CHECK(stored["autoscaling/v2 horizontalpodautoscalers"]
        == names{"autoscaling/v1", "autoscaling/v2"});
  CHECK(stored["batch/v1 cronjobs"] == names{"batch/v1", "batch/v1beta1", "batch/v2alpha1"});
  CHECK(stored["resource.k8s.io/v1 resourceclaims"].size() == 3);
  CHECK(stored["networking.k8s.io/v1 ipaddresses"].size() == 2);
  CHECK(stored["storage.k8s.io/v1 volumeattributesclasses"].size() == 2);
  CHECK(stored["certificates.k8s.io/v1beta1 clustertrustbundles"].size() == 2);
  CHECK(stored["admissionregistration.k8s.io/v1 mutatingadmissionpolicies"].size() == 3);
  CHECK(stored["v1 pods"] == names{"v1"});
}

TEST_CASE("versions: without a row in the table, versions have the same fields") {
  int kinds = 0;
  for_each_spoke([&](const resource& spoke, const resource& hub) {
    std::set<std::pair<const schema::type*, const schema::type*>> seen;
    std::vector<std::string> out;
    compare(*spoke.of, *hub.of, "", seen, out);
    if (row_of(spoke.api_version(), spoke.kind))
      CHECK(!out.empty());
    else
      CHECK(out == std::vector<std::string>{});
    ++kinds;
  });
  CHECK(kinds == 22);
  for (const auto& row : all_rows())
    CHECK(schema::built_in()->by_kind(row.group, row.version, row.kind) != nullptr);
}

TEST_CASE("versions: a full object is what it was behind the way through the stored version") {
  for_each_spoke([&](const resource& spoke, const resource& hub) {
    const auto full = support::full_object{}.of(spoke);
    auto tree = full;
    convert(tree, hub);
    CHECK(tree["apiVersion"] == hub.api_version());
    CHECK(schema::unknown_fields(*hub.of, tree) == std::vector<std::string>{});
    CHECK(schema::check_types(*hub.of, tree).empty());
    convert(tree, spoke);
    CHECK(tree == full);
  });
}

TEST_CASE("versions: a full stored object is what it was behind the way through another version") {
  for_each_spoke([&](const resource& spoke, const resource& hub) {
    if (spoke.group == "autoscaling") // reorders metrics: see autoscaler_test.cpp
      return;
    const auto full = support::full_object{}.of(hub);
    auto tree = full;
    convert(tree, spoke);
    CHECK(schema::unknown_fields(*spoke.of, tree) == std::vector<std::string>{});
    CHECK(schema::check_types(*spoke.of, tree).empty());
    convert(tree, hub);
    CHECK(tree == full);
  });
}

TEST_CASE("versions: parts that are missing, empty or null stay so, and nothing is made up") {
  auto all = schema::built_in();
  const auto& hub = *all->by_kind("resource.k8s.io", "v1", "ResourceClaim");
  const auto& spoke = *all->by_kind("resource.k8s.io", "v1beta1", "ResourceClaim");
  auto tree = json::parse(R"({"apiVersion":"resource.k8s.io/v1beta1","kind":"ResourceClaim",
    "metadata":{"name":"a"},"spec":{"devices":{"requests":[{"name":"x","deviceClassName":"c"},
     {"name":"y","firstAvailable":[{"name":"z","deviceClassName":"d"}]},{"name":"n"}]}}})");
  const auto before = tree;
  convert(tree, hub);
  auto& requests = tree["spec"]["devices"]["requests"];
  CHECK(requests[0] == json::parse(R"({"name":"x","exactly":{"deviceClassName":"c"}})"));
  CHECK(requests[1] == before["spec"]["devices"]["requests"][1]);
  CHECK(requests[2] == json::parse(R"({"name":"n"})"));
  convert(tree, spoke);
  CHECK(tree == before);
  for (const char* odd : {R"({"spec":null})", R"({"spec":{"devices":{"requests":[null,1,{}]}}})",
                          R"({"spec":{"devices":{"requests":[{"exactly":null}]}}})", "{}"}) {
    auto part = json::parse(odd);
    part["apiVersion"] = "resource.k8s.io/v1";
    convert(part, spoke);
    convert(part, hub);
    CHECK(part["apiVersion"] == "resource.k8s.io/v1");
  }
}

TEST_CASE("versions: stored bytes are told from those of another version") {
  auto all = schema::built_in();
  const auto& core = *all->find("", "v1", "events");
  const auto& newer = *all->find("events.k8s.io", "v1", "events");
  CHECK(speaks(R"({"apiVersion":"v1","kind":"Event"})", core));
  CHECK(!speaks(R"({"apiVersion":"v1","kind":"Event"})", newer));
  CHECK(speaks(R"({"apiVersion":"events.k8s.io/v1","kind":"Event"})", newer));
  CHECK(!speaks(R"({"apiVersion":"events.k8s.io/v1beta1"})", newer));
  CHECK(!speaks(R"({"apiVersion":"events.k8s.io/v1"})", core));
  CHECK(!speaks("", core));
}

} // namespace
} // namespace troupe::versions
