#include "actors/main/bootstrap.hpp"

#include "actors/api/auth/authorize.hpp"
#include "actors/kernel/actor.hpp"

#include <nlohmann/json.hpp>

namespace troupe::program {
namespace {

using nlohmann::json;

constexpr duration look_every = 1s;

struct bootstrap_state {
  bootstrap_state() = default;
  bootstrap_dependencies with;
  bool there = false;            // namespaces and Service were seen to exist
  std::vector<std::string> told; // masters in the EndpointSlice
};
using pointer = kernel::self_ptr<bootstrap_actor, bootstrap_state>;

api::request make(pointer self, api::verb verb, std::string group, std::string version,
                  std::string resource, std::string ns) {
  api::request out;
  out.verb = verb;
  out.group = std::move(group);
  out.version = std::move(version);
  out.resource = std::move(resource);
  out.ns = std::move(ns);
  out.from = authz::internal_user("bootstrap");
  out.fence = self->fence();
  return out;
}

json kubernetes_service(const bootstrap_dependencies& with) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", "kubernetes"},
            {"labels", {{"component", "apiserver"}, {"provider", "kubernetes"}}}}},
          {"spec",
           {{"type", "ClusterIP"},
            {"clusterIP", settings::first_service_address(with.net)},
            {"ports", json::array({{{"name", "https"},
                                    {"port", 443},
                                    {"protocol", "TCP"},
                                    {"targetPort", with.api_port}}})}}}};
}

json kubernetes_slice(const bootstrap_dependencies& with, const std::vector<std::string>& masters) {
  json endpoints = json::array();
  for (const auto& address : masters)
    endpoints.push_back({{"addresses", {address}}, {"conditions", {{"ready", true}}}});
  return {
    {"apiVersion", "discovery.k8s.io/v1"},
    {"kind", "EndpointSlice"},
    {"metadata",
     {{"name", "kubernetes"},
      {"namespace", "default"},
      {"labels", {{"kubernetes.io/service-name", "kubernetes"}}}}},
    {"addressType", "IPv4"},
    {"endpoints", endpoints},
    {"ports", json::array({{{"name", "https"}, {"port", with.api_port}, {"protocol", "TCP"}}})}};
}

json kubernetes_endpoints(const bootstrap_dependencies& with,
                          const std::vector<std::string>& masters) {
  json addresses = json::array();
  for (const auto& address : masters)
    addresses.push_back({{"ip", address}});
  return {{"apiVersion", "v1"},
          {"kind", "Endpoints"},
          {"metadata",
           {{"name", "kubernetes"},
            {"namespace", "default"},
            {"labels", {{"endpointslice.kubernetes.io/skip-mirror", "true"}}}}},
          {"subsets", json::array({{{"addresses", addresses},
                                    {"ports", json::array({{{"name", "https"},
                                                            {"port", with.api_port},
                                                            {"protocol", "TCP"}}})}}})}};
}

/// Creates it; one that is there already is as good.
void create(pointer self, api::request what, const json& body, std::function<void(bool)> then) {
  what.body = body.dump();
  self->ask(self->state.with.api, client::call{std::move(what)}, client::call_deadline)
    .then([then = std::move(then)](result<client::called> r) {
      then(r && (r->answer.code < 300 || r->answer.code == 409 || r->answer.code == 422));
    });
}

void create_namespaces(pointer self) {
  auto left = std::make_shared<int>(4);
  auto good = std::make_shared<bool>(true);
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    create(self, make(self, api::verb::create, "", "v1", "namespaces", ""),
           {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}},
           [self, left, good](bool done) {
             *good = *good && done;
             if (--*left > 0 || !*good)
               return;
             create(self, make(self, api::verb::create, "", "v1", "services", "default"),
                    kubernetes_service(self->state.with),
                    [self](bool there) { self->state.there = there; });
           });
}

/// Creates the object, or patches it when it is there.
void put(pointer self, api::request what, const json& body, std::function<void(bool)> then) {
  auto patch = what;
  patch.verb = api::verb::patch;
  patch.patch = api::patch_type::merge;
  patch.name = "kubernetes";
  patch.body = body.dump();
  self->ask(self->state.with.api, client::call{std::move(patch)}, client::call_deadline)
    .then([self, what = std::move(what), body,
           then = std::move(then)](result<client::called> r) mutable {
      if (r && r->answer.code == 404)
        return create(self, std::move(what), body, std::move(then));
      then(r && r->answer.code < 300);
    });
}

void update_masters(pointer self) {
  auto masters = self->state.with.ready_masters();
  if (masters == self->state.told || masters.empty())
    return;
  put(self, make(self, api::verb::create, "discovery.k8s.io", "v1", "endpointslices", "default"),
      kubernetes_slice(self->state.with, masters), [self, masters](bool done) {
        if (!done)
          return;
        put(self, make(self, api::verb::create, "", "v1", "endpoints", "default"),
            kubernetes_endpoints(self->state.with, masters), [self, masters](bool both) {
              if (both)
                self->state.told = masters;
            });
      });
}

} // namespace

bootstrap_actor spawn_bootstrap(const kernel::place& at, bootstrap_dependencies with) {
  return kernel::spawn<bootstrap_actor, bootstrap_state>(
    at,
    [](pointer self, bootstrap_dependencies d) -> bootstrap_actor::behavior_type {
      self->state.with = std::move(d);
      self->after(1ms, look_after{});
      return {[self](const look_after&) {
        if (self->state.there)
          update_masters(self);
        else
          create_namespaces(self);
        self->after(self->state.there ? look_every : 100ms, look_after{});
      }};
    },
    std::move(with));
}

} // namespace troupe::program
