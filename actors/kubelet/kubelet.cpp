#include "actors/kubelet/kubelet.hpp"

#include "actors/kubelet/manager.hpp"
#include "actors/kubelet/node/agent.hpp"
#include "actors/kubelet/recorder.hpp"
#include "actors/kubelet/requests.hpp"

namespace troupe::kubelet {

namespace {

std::shared_ptr<const node_facts> facts_of(const settings& with) {
  auto out = std::make_shared<node_facts>();
  out->name = with.node.name;
  out->address = with.node.address;
  out->log_root = with.data_dir + "/logs/pods";
  out->pods_root = with.data_dir + "/pods";
  out->cgroup_root = with.cgroup_root;
  out->cluster_dns = with.cluster_dns;
  out->cluster_domain = with.cluster_domain;
  out->own_dns = with.machine.dns;
  out->memory_bytes = with.machine.memory_bytes;
  out->allocatable = allocatable_of(with.node, with.machine);
  return out;
}

std::map<std::string, std::string> labels_of(const settings& with) {
  auto out = with.node.labels;
  out.emplace("kubernetes.io/hostname", with.node.name);
  out.emplace("kubernetes.io/os", "linux");
  out.emplace("kubernetes.io/arch", with.machine.architecture);
  return out;
}

api::request watch_of(const std::string& node, const char* resource) {
  api::request out;
  out.verb = api::verb::list;
  out.version = "v1";
  out.resource = resource;
  out.from = node_user(node);
  return out;
}

} // namespace

api::request pods_of(const std::string& node) {
  auto out = watch_of(node, "pods");
  out.options.field_selector = "spec.nodeName=" + node;
  return out;
}

api::request services_for(const std::string& node) { return watch_of(node, "services"); }

assembled assemble(const kernel::process_ptr& process, settings with) {
  assembled out{.tree = {},
                .manager = kernel::stable<manager_actor>(process),
                .engine = kernel::stable<engine::engine_actor>(process),
                .recorder = kernel::stable<recorder_actor>(process),
                .facts = facts_of(with)};
  kernel::stable<kernel::supervisor_actor> pods(process);

  auto workers = std::make_shared<worker_settings>();
  workers->api = with.api;
  workers->engine = out.engine;
  workers->recorder = out.recorder;
  workers->manager = out.manager;
  workers->files = with.files;
  workers->probes = with.probes;
  workers->host = with.host;
  workers->node = out.facts;
  workers->services = std::make_shared<service_board>();
  workers->runtime_name = with.runtime_name;
  workers->resync = with.resync;
  workers->follow_contents = with.follow_contents;

  manager_settings manages{.workers = workers,
                           .pods = pods,
                           .pod_informer = with.pod_informer,
                           .service_informer = with.service_informer,
                           .allocatable = out.facts->allocatable,
                           .max_pods = with.node.max_pods,
                           .labels = labels_of(with)};
  agent_settings speaks{.api = with.api,
                        .engine = out.engine,
                        .recorder = out.recorder,
                        .files = with.files,
                        .host = with.host,
                        .node = with.node,
                        .update = with.status_update,
                        .report = with.status_report,
                        .lease_duration = with.lease_duration,
                        .log_root = out.facts->log_root,
                        .log_bytes = with.log_bytes,
                        .log_files = with.log_files,
                        .log_period = with.log_period};
  recorder_settings records{.api = with.api, .node = with.node.name};

  using kernel::place;
  using kernel::restart;
  kernel::tree workers_tree{
    .children = {{"sentinel", restart::always,
                  [of = out.manager.handle()](const place& at) { return spawn_sentinel(at, of); }}},
    .tolerance = {.deaths = 1000, .within = 10s}};
  // Workers know their manager's incarnation by what it told them: they restart with it.
  kernel::tree pod_tree{
    .children =
      {
        {"manager", restart::always,
         [manages](const place& at) { return spawn_manager(at, manages); }, out.manager.slot()},
        {"pods", restart::always, kernel::subtree(std::move(workers_tree)), pods.slot()},
      },
    .strategy = kernel::strategy::rest_for_one};
  out.tree.children = {
    {"engine", restart::always,
     [source = with.driver](const place& at) { return engine::spawn_engine(at, source); },
     out.engine.slot()},
    {"recorder", restart::always,
     [records](const place& at) { return spawn_recorder(at, records); }, out.recorder.slot()},
    {"node", restart::always, [speaks](const place& at) { return spawn_agent(at, speaks); }},
    {"work", restart::always, kernel::subtree(std::move(pod_tree))},
  };
  return out;
}

} // namespace troupe::kubelet
