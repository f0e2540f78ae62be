#include "actors/network/picture.hpp"
#include "tests/unit/actors/network/objects.hpp"

namespace troupe::network {
namespace {

using kind = picture::kind;
const netd::podnet_options n1{
  .node = "n1", .cluster_cidr = "10.244.0.0/16", .cni_file = {}, .ipam_dir = {}};

TEST_CASE("network picture: rules are known once services and slices are, and then as a whole") {
  picture p{n1};
  CHECK_FALSE(p.rules_known());
  p.note(kind::services, {added(service("web", "10.96.0.20"))}, true);
  CHECK_FALSE(p.rules_known());
  p.note(kind::slices, {}, true);
  CHECK(p.rules_known());
  auto first = p.take_rules();
  CHECK(first.whole);
  CHECK(first.services.at("default/web")->size() == 1);
  CHECK(p.take_rules().empty());
}

TEST_CASE("network picture: a whole state takes away what it does not name") {
  picture p{n1};
  p.note(kind::services, {added(service("web", "10.96.0.20")), added(service("old", "10.96.0.21"))},
         true);
  p.note(kind::slices, {added(slice("web-1", "web", "10.244.1.2"))}, true);
  (void)p.take_rules();
  p.note(kind::services, {added(service("web", "10.96.0.20"))}, true);
  p.note(kind::slices, {}, true);
  auto changes = p.take_rules();
  CHECK_FALSE(changes.whole);
  CHECK(changes.services.at("default/old")->empty());
  CHECK(changes.services.at("default/web")->at(0).endpoints.empty());
}

TEST_CASE("network picture: what was put back comes again, below what came later") {
  picture p{n1};
  p.note(kind::services, {added(service("a", "10.96.0.20")), added(service("b", "10.96.0.21"))},
         true);
  p.note(kind::slices, {}, true);
  auto failed = p.take_rules();
  p.note(kind::services, {deleted(service("b", "10.96.0.21"))}, false);
  p.put_back(failed);
  auto again = p.take_rules();
  CHECK(again.whole);
  CHECK(again.services.at("default/a")->size() == 1);
  CHECK(again.services.at("default/b")->empty());
}

TEST_CASE("network picture: nodes become routes, this one's own becomes its subnet") {
  picture p{n1};
  p.note(kind::nodes,
         {added(node("n1", "10.99.0.11", "10.244.1.0/24")),
          added(node("n2", "10.99.0.12", "10.244.2.0/24")), added(node("n3", "10.99.0.13", ""))},
         true);
  auto plan = p.pods();
  CHECK(plan.self->pod_cidr == "10.244.1.0/24");
  CHECK(plan.routes
        == std::vector<host::route>{
          {.destination = "10.244.2.0/24", .via = "10.99.0.12", .device = {}}});
  p.note(kind::nodes, {deleted(node("n2", "10.99.0.12", "10.244.2.0/24"))}, false);
  CHECK(p.pods().routes.empty());
}

} // namespace
} // namespace troupe::network
