#include "config/schema/schema.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace troupe::schema;

namespace {

std::vector<std::string> names(std::span<const std::string_view> texts) {
  return {texts.begin(), texts.end()};
}

const type& definition(std::string_view name) {
  const auto* found = built_in()->definition(name);
  REQUIRE_MESSAGE(found != nullptr, std::string(name));
  return *found;
}

} // namespace

TEST_CASE("schema: pods are served as Kubernetes serves them") {
  const auto* pods = built_in()->find("", "v1", "pods");
  REQUIRE(pods != nullptr);
  CHECK(pods->kind == "Pod");
  CHECK(pods->list_kind == "PodList");
  CHECK(pods->singular == "pod");
  CHECK(pods->api_version() == "v1");
  CHECK(pods->qualified() == "pods");
  CHECK(pods->namespaced);
  CHECK(pods->status_separate);
  CHECK(names(pods->short_names) == std::vector<std::string>{"po"});
  CHECK(names(pods->categories) == std::vector<std::string>{"all"});
  CHECK(pods->verbs == 255);
  REQUIRE(pods->find("eviction") != nullptr);
  CHECK(pods->find("eviction")->group == "policy");
  CHECK(pods->find("eviction")->kind == "Eviction");
  CHECK(pods->find("eviction")->verbs == verb_create);
  CHECK(pods->find("exec")->verbs == (verb_get | verb_create));
  CHECK(pods->find("nothing") == nullptr);
  CHECK(pods->columns.front().title == "Name");
  CHECK(pods->columns.size() == 9);
}

TEST_CASE("schema: the scale of a deployment speaks autoscaling/v1") {
  const auto* deployments = built_in()->find("apps", "v1", "deployments");
  REQUIRE(deployments != nullptr);
  CHECK(deployments->api_version() == "apps/v1");
  CHECK(deployments->qualified() == "deployments.apps");
  const auto* scale = deployments->find("scale");
  REQUIRE(scale != nullptr);
  const auto* kind = built_in()->by_kind(scale->group, scale->version, scale->kind);
  REQUIRE(kind != nullptr);
  CHECK(kind->of->name == "io.k8s.api.autoscaling.v1.Scale");
  CHECK(kind->plural.empty());
}

TEST_CASE(
  "schema: the preferred version of a resource comes first, and all the others are served") {
  std::vector<std::string> versions;
  for (const auto* r : built_in()->resources())
    if (r->plural == "horizontalpodautoscalers" || r->plural == "cronjobs")
      versions.push_back(r->api_version());
  CHECK(versions
        == std::vector<std::string>{"autoscaling/v2", "autoscaling/v1", "batch/v1", "batch/v1beta1",
                                    "batch/v2alpha1"});
  CHECK(built_in()->find("coordination.k8s.io", "v1beta1", "leasecandidates") != nullptr);
  CHECK(built_in()->find("coordination.k8s.io", "v1alpha2", "leasecandidates") != nullptr);
  CHECK(built_in()->find("batch", "v1", "cronjobs")->warning.empty());
  CHECK(built_in()->find("batch", "v2alpha1", "cronjobs")->warning
        == "batch/v2alpha1 CronJob is deprecated in v1.21+; use batch/v1 CronJob");
  CHECK(built_in()->find("storage.k8s.io", "v1beta1", "volumeattributesclasses")->warning
        == "storage.k8s.io/v1beta1 VolumeAttributesClass is deprecated in v1.34+, unavailable in "
           "v1.37+; use storage.k8s.io/v1 VolumeAttributesClass");
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const auto* r : built_in()->resources())
    CHECK_MESSAGE(seen.emplace(r->group, r->version, r->plural).second, r->qualified());
}

TEST_CASE("schema: an old version has the defaults, closed values and zeros of the best one") {
  const auto& old = definition("io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec");
  CHECK(old.find("minReplicas")->default_json == "1");
  CHECK(old.find("minReplicas")->zero_is_set);
  const auto& request = definition("io.k8s.api.resource.v1beta1.DeviceRequest");
  CHECK(request.find("adminAccess")->zero_is_set);
  const auto& match = definition("io.k8s.api.admissionregistration.v1beta1.MatchResources");
  CHECK(match.find("matchPolicy")->default_json == "\"Equivalent\"");
  CHECK(!match.find("matchPolicy")->of->values.empty());
}

TEST_CASE("schema: every resource and every kind is found by its names") {
  auto all = built_in();
  CHECK(all->resources().size() > 60);
  for (const auto* r : all->resources()) {
    CHECK(all->find(r->group, r->version, r->plural) == r);
    CHECK(all->by_kind(r->group, r->version, r->kind) == r);
    REQUIRE(r->of != nullptr);
    CHECK(r->of->what == shape::object);
    CHECK(std::ranges::any_of(r->of->kinds, [&](const kind_name& k) {
      return k.group == r->group && k.version == r->version && k.kind == r->kind;
    }));
    CHECK(!r->columns.empty());
    if ((r->verbs & verb_list) != 0)
      CHECK_MESSAGE(all->by_kind(r->group, r->version, r->list_kind) != nullptr, r->qualified());
    for (const auto& sub : r->subresources)
      CHECK_MESSAGE(all->by_kind(sub.group, sub.version, sub.kind) != nullptr, r->qualified(),
                    std::string(sub.name));
  }
}

TEST_CASE("schema: the kinds of the protocol are found by kind and are no resources") {
  for (const auto* kind : {"DeleteOptions", "Status", "WatchEvent"})
    CHECK_MESSAGE(built_in()->by_kind("", "v1", kind) != nullptr, kind);
  CHECK(built_in()->by_kind("meta.k8s.io", "v1", "Table") != nullptr);
  CHECK(built_in()->by_kind("", "v1", "Nothing") == nullptr);
  CHECK(built_in()->find("", "v1", "") == nullptr);
}

TEST_CASE("schema: fields of every definition are sorted and complete") {
  for (const auto* t : built_in()->definitions()) {
    CHECK(built_in()->definition(t->name) == t);
    CHECK(std::ranges::is_sorted(t->fields, {}, &field::name));
    for (const auto& f : t->fields) {
      REQUIRE(f.of != nullptr);
      CHECK(t->find(f.name) == &f);
      bool nested = f.of->what == shape::array || f.of->what == shape::map;
      CHECK((f.of->element != nullptr) == nested);
    }
  }
}

TEST_CASE("schema: numbers of the wire in one type are distinct") {
  for (const auto* t : built_in()->definitions()) {
    std::set<std::tuple<int, int, std::uint32_t>> numbers;
    for (const auto& f : t->fields) {
      if (f.wire != 0)
        CHECK_MESSAGE(numbers.emplace(f.wire_in[0], f.wire_in[1], f.wire).second,
                      std::string(t->name), ".", std::string(f.name));
    }
  }
  const auto& volume = definition("io.k8s.api.core.v1.Volume");
  CHECK(volume.find("name")->wire == 1);
  CHECK(volume.find("emptyDir")->wire == 2);
  CHECK(volume.find("emptyDir")->wire_in == std::array<std::uint8_t, 2>{2, 0});
  CHECK(definition("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations")
          .find("apiGroups")
          ->wire_in
        == std::array<std::uint8_t, 2>{2, 2});
}

TEST_CASE("schema: merge keys, list kinds, shapes and closed values come from the facts") {
  const auto& container = definition("io.k8s.api.core.v1.Container");
  const auto* ports = container.find("ports");
  CHECK(ports->strategy == patch_strategy::merge);
  CHECK(ports->merge_key == "containerPort");
  CHECK(ports->of->list == list_kind::map);
  CHECK(names(ports->of->list_keys) == std::vector<std::string>{"containerPort", "protocol"});
  CHECK(container.find("imagePullPolicy")->of->values.size() == 3);
  CHECK(definition("io.k8s.api.core.v1.PodSpec").find("volumes")->strategy
        == patch_strategy::merge_retain_keys);
  CHECK(definition("io.k8s.api.core.v1.PodSpec").find("nodeSelector")->of->atomic);
  CHECK(definition("io.k8s.api.core.v1.LocalObjectReference").atomic);
  CHECK(definition("io.k8s.api.core.v1.Secret").find("data")->of->element->what == shape::bytes);
  CHECK(definition("io.k8s.api.core.v1.PodSpec").find("priority")->zero_is_set);
  CHECK_FALSE(definition("io.k8s.api.core.v1.ServicePort").find("nodePort")->zero_is_set);
  const auto& requests = definition("io.k8s.api.core.v1.ResourceRequirements");
  CHECK(requests.find("limits")->of->element->what == shape::quantity);
  CHECK(requests.find("limits")->of->element->name
        == "io.k8s.apimachinery.pkg.api.resource.Quantity");
}

TEST_CASE("schema: types may name themselves") {
  const auto& props =
    definition("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
  CHECK(props.find("properties")->of->element == &props);
}

TEST_CASE("schema: what we add is there") {
  CHECK(built_in()->find("admissionregistration.k8s.io", "v1alpha1", "initializerconfigurations")
        != nullptr);
  CHECK(definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").find("initializers")
        != nullptr);
  CHECK(definition("io.k8s.api.core.v1.NodeAffinity")
          .find("requiredDuringSchedulingRequiredDuringExecution")
        != nullptr);
}
