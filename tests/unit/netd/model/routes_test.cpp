#include "config/base/random.hpp"
#include "netd/model/routes.hpp"

#include <doctest/doctest.h>

namespace troupe::netd {
namespace {

api::object made(const std::string& body) {
  auto o = api::parse_object(share(body), revision{1});
  REQUIRE(o.has_value());
  return std::move(o).value();
}

api::object service(const std::string& name, const std::string& spec) {
  return made(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name
              + R"(","namespace":"default"},"spec":)" + spec + "}");
}

api::object slice(const std::string& name, const std::string& of, const std::string& ports,
                  const std::string& endpoints, const std::string& type = "IPv4") {
  return made(R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":")"
              + name + R"(","namespace":"default","labels":{"kubernetes.io/service-name":")" + of
              + R"("}},"addressType":")" + type + R"(","ports":)" + ports + R"(,"endpoints":)"
              + endpoints + "}");
}

const std::string web_spec =
  R"({"type":"ClusterIP","clusterIP":"10.96.0.20","ports":[{"name":"http","port":80}]})";
const std::string http = R"([{"name":"http","port":8080,"protocol":"TCP"}])";

std::string up(const std::string& ip) {
  return R"({"addresses":[")" + ip + R"("],"conditions":{"ready":true}})";
}

using endpoints = std::vector<endpoint>;

TEST_CASE("routes: the endpoints of a service's slices are joined by port name and protocol") {
  route_table table;
  table.put_service(service("web", R"({"clusterIP":"10.96.0.20","ports":[
    {"name":"http","port":80,"nodePort":30080},{"name":"dns","port":53,"protocol":"UDP"}]})"));
  table.put_slice(slice("web-1", "web", http, '[' + up("10.244.1.3") + ']'));
  table.put_slice(slice(
    "web-2", "web", R"([{"name":"http","port":8081},{"name":"dns","port":5353,"protocol":"UDP"}])",
    '[' + up("10.244.1.2") + ',' + up("10.244.1.2") + ']'));
  CHECK(table.all()
        == std::vector<service_route>{
          {.name = "default/web:http",
           .cluster_ip = "10.96.0.20",
           .over = protocol::tcp,
           .port = 80,
           .node_port = 30080,
           .endpoints = {{"10.244.1.2", 8081}, {"10.244.1.3", 8080}}},
          {.name = "default/web:dns",
           .cluster_ip = "10.96.0.20",
           .over = protocol::udp,
           .port = 53,
           .node_port = 0,
           .endpoints = {{"10.244.1.2", 5353}}},
        });
}

TEST_CASE("routes: which endpoints count") {
  const auto* terminating =
    R"({"addresses":["10.244.1.9"],
        "conditions":{"ready":false,"serving":true,"terminating":true}})";
  const auto* gone = R"({"addresses":["10.244.1.8"],"conditions":{"ready":false}})";
  struct row {
    const char* name;
    std::string list;
    endpoints expected;
  };
  const row rows[] = {
    {"ready", '[' + up("10.244.1.1") + ']', {{"10.244.1.1", 8080}}},
    {"no condition means ready", R"([{"addresses":["10.244.1.1"]}])", {{"10.244.1.1", 8080}}},
    {"not ready", std::string{'['} + gone + ']', {}},
    {"terminating only", std::string{'['} + terminating + ',' + gone + ']', {{"10.244.1.9", 8080}}},
    {"terminating beside ready",
     std::string{'['} + terminating + ',' + up("10.244.1.1") + ']',
     {{"10.244.1.1", 8080}}},
    {"no address", R"([{"addresses":["not an address"]}])", {}},
    {"none", "null", {}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    route_table table;
    table.put_service(service("web", web_spec));
    table.put_slice(slice("web-1", "web", http, r.list));
    REQUIRE(table.all().size() == 1);
    CHECK(table.all()[0].endpoints == r.expected);
  }
}

TEST_CASE("routes: services without a cluster IP of version 4 have none") {
  for (const auto* spec :
       {R"({"clusterIP":"None","ports":[{"port":80}]})", R"({"ports":[{"port":80}]})",
        R"({"clusterIP":"fd00::1","ports":[{"port":80}]})",
        R"({"type":"ExternalName","externalName":"example.com","ports":[{"port":80}]})"}) {
    CAPTURE(spec);
    route_table table;
    table.put_service(service("web", web_spec));
    table.put_service(service("web", spec));
    CHECK(table.all().empty());
  }
  route_table table;
  table.put_service(service("web", web_spec));
  table.put_slice(slice("web-1", "web", http, '[' + up("10.244.1.1") + ']', "IPv6"));
  CHECK(table.all()[0].endpoints.empty());
}

TEST_CASE("routes: changes name the services that differ, once") {
  route_table table;
  table.put_service(service("web", web_spec));
  table.put_service(service("other", R"({"clusterIP":"10.96.0.21","ports":[{"port":80}]})"));
  CHECK(table.take_changes().services.size() == 2);
  CHECK(table.take_changes().empty());
  table.put_slice(slice("web-1", "web", http, '[' + up("10.244.1.1") + ']'));
  auto changes = table.take_changes();
  REQUIRE(changes.services.size() == 1);
  CHECK(changes.services.at("default/web")->at(0).endpoints == endpoints{{"10.244.1.1", 8080}});
  table.put_slice(slice("web-1", "web", http, '[' + up("10.244.1.1") + ']'));
  CHECK(table.take_changes().empty()); // said again
  table.put_slice(slice("x-1", "unknown", http, '[' + up("10.244.1.1") + ']'));
  CHECK(table.take_changes().empty()); // no such service
  table.remove_service("default/other");
  changes = table.take_changes();
  CHECK(changes.services.at("default/other")->empty());
  table.remove_slice("default/web-1");
  CHECK(table.take_changes().services.at("default/web")->at(0).endpoints.empty());
}

TEST_CASE("routes: a slice that moves to another service leaves the first") {
  route_table table;
  table.put_service(service("web", web_spec));
  table.put_service(
    service("other", R"({"clusterIP":"10.96.0.21","ports":[{"name":"http","port":80}]})"));
  table.put_slice(slice("s", "web", http, '[' + up("10.244.1.1") + ']'));
  table.put_slice(slice("s", "other", http, '[' + up("10.244.1.1") + ']'));
  CHECK(table.all()[0].endpoints.size() == 1); // default/other
  CHECK(table.all()[1].endpoints.empty());
}

TEST_CASE("routes: ended ways are those of UDP that lead nowhere or elsewhere now") {
  service_route dns{.name = "kube-system/dns:",
                    .cluster_ip = "10.96.0.10",
                    .over = protocol::udp,
                    .port = 53,
                    .node_port = 30053,
                    .endpoints = {{"10.244.1.2", 53}, {"10.244.1.3", 53}}};
  auto after = dns;
  after.endpoints = {{"10.244.1.3", 53}, {"10.244.1.4", 53}};
  CHECK(ended_ways({dns}, {after})
        == std::set<ended_way>{{"10.96.0.10", 53, {"10.244.1.2", 53}},
                               {"", 30053, {"10.244.1.2", 53}}});
  CHECK(ended_ways({dns}, {}).size() == 4);
  CHECK(ended_ways({dns}, {dns}).empty());
  dns.over = protocol::tcp;
  CHECK(ended_ways({dns}, {}).empty());
}

TEST_CASE("routes: changes added up in any pieces are the whole") {
  random_source random{3};
  for (int round = 0; round < 50; ++round) {
    route_table table;
    route_changes sum;
    for (int step = 0; step < 40; ++step) {
      auto n = std::to_string(random.below(4));
      switch (random.below(4)) {
      case 0:
        table.put_service(service("s" + n, R"({"clusterIP":"10.96.0.)" + n
                                             + R"(","ports":[{"name":"http","port":80}]})"));
        break;
      case 1: table.remove_service("default/s" + n); break;
      case 2:
        table.put_slice(slice("e" + std::to_string(random.below(6)), "s" + n, http,
                              '[' + up("10.244.1." + std::to_string(random.below(9))) + ']'));
        break;
      default: table.remove_slice("default/e" + std::to_string(random.below(6)));
      }
      if (random.chance(1, 3))
        sum.add(table.take_changes());
    }
    sum.add(table.take_changes());
    std::vector<service_route> joined;
    for (const auto& [key, routes] : sum.services)
      joined.insert(joined.end(), routes->begin(), routes->end());
    CHECK(joined == table.all());
  }
}

} // namespace
} // namespace troupe::netd
