#include "actors/bench/session.hpp"
#include "config/base/random.hpp"

namespace troupe::bench {
namespace {

constexpr std::uint64_t listed = 1000; // ConfigMaps in the namespace that is read and listed
constexpr auto collection = "/api/v1/namespaces/bench-read/configmaps";

struct api_case {
  std::string name;
  std::function<operation(api_target&)> on;
};

std::string unique(std::uint64_t round, std::size_t client) {
  return "b-" + std::to_string(round) + "-" + std::to_string(client);
}

/// No scheduler of the cluster looks at it: what is measured is the API.
std::string pod(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"bench-write","name":")" + name
         + R"(","labels":{"app":"bench"}},"spec":{"schedulerName":"none","containers":[)"
           R"({"name":"main","image":"registry.example/bench:1","command":["run"],)"
           R"("env":[{"name":"A","value":"b"}],"ports":[{"containerPort":8080}],)"
           R"("resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}})";
}

std::string one_of(std::size_t client, std::uint64_t n) {
  auto which = random_source{client * 0x9e3779b97f4a7c15U + n}.below(listed);
  return std::string{collection} + "/config-" + std::to_string(which);
}

api_case reading(std::string name, std::function<std::string(std::size_t, std::uint64_t)> target) {
  return {std::move(name), [target = std::move(target)](api_target& at) {
            return [&at, target](std::size_t client, std::uint64_t n, finish to) {
              at.send(client + n, request_of(target(client, n)), 200, std::move(to));
            };
          }};
}

std::vector<api_case> cases() {
  auto round = std::make_shared<std::atomic<std::uint64_t>>(0);
  return {
    {"create_configmap",
     [round](api_target& at) {
       return [&at, round](std::size_t client, std::uint64_t number, finish to) {
         auto n = (*round)++;
         at.send(client + number,
                 request_of("/api/v1/namespaces/bench-write/configmaps",
                            config_map("bench-write", unique(n, client), n)),
                 201, std::move(to));
       };
     }},
    {"create_pod",
     [round](api_target& at) {
       return [&at, round](std::size_t client, std::uint64_t number, finish to) {
         at.send(client + number,
                 request_of("/api/v1/namespaces/bench-write/pods", pod(unique((*round)++, client))),
                 201, std::move(to));
       };
     }},
    reading("get_linearizable", one_of),
    reading("get_any", [](std::size_t client,
                          std::uint64_t n) { return one_of(client, n) + "?resourceVersion=0"; }),
    reading("list_500",
            [](std::size_t, std::uint64_t) { return std::string{collection} + "?limit=500"; }),
    reading("list_all", [](std::size_t, std::uint64_t) { return std::string{collection}; }),
  };
}

} // namespace

std::vector<std::string> api_cases(std::uint32_t config_maps) {
  std::vector<std::string> out = {"memory_idle",
                                  "memory_" + std::to_string(config_maps) + "_configmaps"};
  for (const auto& c : cases())
    out.push_back(c.name);
  return out;
}

result<std::vector<row>> run_api(const options& with) {
  patience waiting;
  OR_RETURN(auto all, session::open(with, waiting, "api"));
  std::vector<row> out;
  CHECK_RETURN(all->measure_memory(out));
  bool filled = false;
  for (const auto& c : cases()) {
    if (!all->wants(c.name))
      continue;
    if (!std::exchange(filled, true)) {
      CHECK_RETURN(all->create_namespace("bench-write"));
      CHECK_RETURN(all->create_namespace("bench-read"));
      CHECK_RETURN(all->fill(listed, [&](std::size_t client, std::uint64_t n, finish to) {
        auto body = config_map("bench-read", "config-" + std::to_string(n), n);
        all->api().send(client + n, request_of(collection, std::move(body)), 201, std::move(to));
      }));
    }
    CHECK_RETURN(all->measure({c.name, c.on(all->api())}, std::nullopt, out));
  }
  return out;
}

} // namespace troupe::bench
