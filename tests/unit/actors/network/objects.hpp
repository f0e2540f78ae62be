// Services, EndpointSlices and Nodes for the tests of the network actor.
#pragma once

#include "config/api/request.hpp"

#include <doctest/doctest.h>

namespace troupe::network {

inline api::object_ptr parsed(const std::string& body) {
  auto o = api::parse_object(share(body), revision{1});
  REQUIRE(o.has_value());
  return std::make_shared<const api::object>(std::move(o).value());
}

inline api::object_ptr service(const std::string& name, const std::string& ip) {
  return parsed(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name
                + R"(","namespace":"default"},"spec":{"clusterIP":")" + ip
                + R"(","ports":[{"port":80}]}})");
}

inline api::object_ptr slice(const std::string& name, const std::string& of,
                             const std::string& ip) {
  return parsed(R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":")"
                + name + R"(","namespace":"default","labels":{"kubernetes.io/service-name":")" + of
                + R"("}},"addressType":"IPv4","ports":[{"port":8080}],"endpoints":[{"addresses":[")"
                + ip + R"("],"conditions":{"ready":true}}]})");
}

inline api::object_ptr node(const std::string& name, const std::string& address,
                            const std::string& cidr) {
  return parsed(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":")" + name
                + R"("},"spec":{"podCIDR":")" + cidr
                + R"("},"status":{"addresses":[{"type":"InternalIP","address":")" + address
                + R"("}]}})");
}

inline api::event added(api::object_ptr o) {
  return {.what = api::event::kind::added, .of = std::move(o), .why = {}};
}
inline api::event deleted(api::object_ptr o) {
  return {.what = api::event::kind::deleted, .of = std::move(o), .why = {}};
}

} // namespace troupe::network
