// What the pipeline costs without network and store: one pod's create, update, bind, get, and large
// lists.
//   bench_pipeline [pods]
#include "tests/support/api_world.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace troupe;
using namespace troupe::support;

namespace {

json big_pod(const std::string& name) {
  auto pod = json::parse(
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{"app":"web","tier":"front",
    "pod-template-hash":"5d4f8c7b9"},"annotations":{"example.com/note":"a note of some length that says little"},
    "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d4f8c7b9",
      "uid":"d3b07384-d9a0-4c9b-8f5e-000000000000","controller":true,"blockOwnerDeletion":true}]},
    "spec":{"containers":[{"name":"main","image":"registry.example.com/team/web:1.2.3",
     "ports":[{"containerPort":8080,"name":"http"}],
      "env":[{"name":"A","value":"1"},{"name":"POD_IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}],
      "resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"cpu":"1","memory":"256Mi"}},
      "volumeMounts":[{"name":"data","mountPath":"/data"}],
      "readinessProbe":{"httpGet":{"path":"/ready","port":8080}},"livenessProbe":{"httpGet":{"path":"/live",
     "port":8080}}}],
    "volumes":[{"name":"data","emptyDir":{}}],"nodeSelector":{"disk":"ssd"}}})");
  pod["metadata"]["name"] = name;
  return pod;
}

template <class F> void measure(const char* what, int times, F f) {
  using clock = std::chrono::steady_clock;
  auto best = 1e9;
  for (int round = 0; round < 5; ++round) {
    auto start = clock::now();
    for (int i = 0; i < times; ++i)
      f(i);
    best = std::min(best, std::chrono::duration<double, std::micro>(clock::now() - start).count()
                            / times);
  }
  std::printf("%-44s %10.1f us\n", what, best);
}

} // namespace

int main(int argc, char** argv) {
  auto pods = argc > 1 ? std::atoi(argv[1]) : 50'000;
  api_world w;
  auto create = api_world::request(api::verb::create, "", "v1", "pods", "default");
  create.body = big_pod("a").dump();
  auto small = create;
  small.body = pod_named("a").dump();
  std::printf("pod body %zu bytes, small %zu bytes\n", create.body.size(), small.body.size());
  measure("prepare: create a pod", 500, [&](int) { w.step_of(create); });
  measure("prepare: create a small pod", 500, [&](int) { w.step_of(small); });
  auto stored = w.run(create);
  std::printf("stored pod %zu bytes\n", stored.text.size());
  auto get = api_world::request(api::verb::get, "", "v1", "pods", "default", "a");
  measure("prepare: get a pod", 2000, [&](int) { w.step_of(get); });
  auto status = api_world::request(api::verb::patch, "", "v1", "pods", "default", "a");
  status.subresource = "status";
  status.patch = api::patch_type::strategic;
  status.body =
    R"({"status":{"phase":"Running","podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True"}]}})";
  measure("prepare: patch a pod's status", 500, [&](int) { w.step_of(status); });
  auto bind = api_world::request(api::verb::create, "", "v1", "pods", "default", "a");
  bind.subresource = "binding";
  bind.body =
    R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"a"},"target":{"kind":"Node","name":"n1"}})";
  measure("prepare: bind a pod", 500, [&](int) { w.step_of(bind); });

  auto tree = stored.body;
  tree["metadata"].erase("resourceVersion");
  auto records = std::make_shared<record_map>();
  for (int i = 0; i < pods; ++i) {
    auto name = "web-" + std::to_string(i);
    tree["metadata"]["name"] = name;
    tree["metadata"]["labels"]["n"] = std::to_string(i % 10);
    auto key = "/registry/core/pods/default/" + name;
    (*records)[key] =
      std::make_shared<const store::record>(store::record{.key = key,
                                                          .value = share(api::encode(tree)),
                                                          .created = {},
                                                          .modified = revision(1000 + i),
                                                          .cause = {}});
  }
  auto view = std::make_shared<memory_view>(records, revision{100'000});
  auto list = api_world::request(api::verb::list, "", "v1", "pods");
  list.answer.pieces = true;
  auto all = [&](const char* what, const api::request& r) {
    measure(what, 1, [&](int) {
      auto step = w.step_of(r, view);
      auto& response = std::get<pipeline::finished>(step).response;
      std::string piece;
      std::size_t bytes = response.body->size();
      for (auto more = response.rest != nullptr; more; piece.clear()) {
        more = response.rest->next(piece);
        bytes += piece.size();
      }
      if (bytes == 0)
        std::abort();
    });
  };
  std::printf("%d pods\n", pods);
  all("list: all, as stored", list);
  list.options.label_selector = "n=3";
  all("list: by label", list);
  list.options.label_selector.clear();
  list.options.field_selector = "spec.nodeName=n1";
  all("list: by field", list);
  list.options.field_selector.clear();
  list.answer.transform = api::wanted::transform::table;
  list.options.limit = 500;
  all("list: 500 as a table", list);
}
