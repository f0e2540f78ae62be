#include "actors/main/node.hpp"

#include "actors/api/edge/front.hpp"
#include "actors/api/http/mapping.hpp"
#include "actors/client/failover.hpp"
#include "actors/client/types.hpp"
#include "actors/kubelet/kubelet.hpp"
#include "actors/kubelet/server/server.hpp"
#include "actors/main/host_process.hpp"
#include "actors/main/node_masters.hpp"
#include "actors/main/pages.hpp"
#include "actors/main/program.hpp"
#include "actors/main/up/files.hpp"
#include "actors/network/drivers.hpp"
#include "config/pki/cluster.hpp"
#include "config/pki/files.hpp"
#include "runtime/containerd/server.hpp"
#include "runtime/cri/driver.hpp"
#include "runtime/fake/driver.hpp"
#include "runtime/host/cgroup.hpp"
#include "runtime/image/pause_image.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <iostream>
#include <thread>

namespace troupe::program {
namespace {

struct secrets {
  pki::credential own;
  std::string ca_pem;
};

result<secrets> load_secrets(const settings::node& with) {
  auto dir = with.pki_dir.empty() ? with.data_dir + "/pki" : with.pki_dir;
  OR_RETURN(auto own, pki::load_credential(dir, up::node_credential_name));
  OR_RETURN(auto ca, pki::read_file(dir + "/ca.crt"));
  return secrets{std::move(own), std::move(ca)};
}

/// The container runtime of a node: an own containerd, somebody's by its socket, or the simulated
/// one.
struct container_runtime {
  std::unique_ptr<containerd::server> own; // null: not ours
  std::shared_ptr<runtime::driver> driver; // null: simulated
  std::thread preparing;                   // imports the pause image meanwhile

  ~container_runtime() {
    if (preparing.joinable())
      preparing.join();
  }
};

constexpr duration containerd_start = 30s;

result<void> start_runtime(const settings::node& with, container_runtime& to) {
  if (with.runtime == settings::runtime_kind::simulated)
    return {};
  auto socket = with.runtime_endpoint;
  if (socket.empty()) {
    containerd::options o;
    o.root = with.data_dir + "/containerd";
    o.state =
      "/run/troupe/containerd"; // in this node's own mounts; a short path, sockets are below
    o.cni_conf = network::cni_folder(with);
    o.sandbox_image = with.sandbox_image;
    o.oci_runtime = with.oci_runtime;
    OR_RETURN(to.own, containerd::start(o));
    socket = to.own->socket();
    to.preparing = std::thread{[server = to.own.get()] {
      auto done = server->await_ready(containerd_start);
      if (done)
        done = server->import_bytes(image::pause_archive());
      if (!done)
        std::cerr << "import the pause image: " << done.error().message << std::endl;
    }};
  }
  to.driver = cri::make_driver({.socket = socket, .deadlines = {.request = with.runtime_timeout}});
  return {};
}

/// A node that is being assembled; lives until the program ends.
class node {
public:
  node(const settings::node& with, secrets s)
      : with_(with)
      , secrets_(std::move(s))
      , host_({.who = {with.name, kernel::role::node},
               .actor_threads = with.actor_threads,
               .trace_bytes = with.trace_bytes,
               .link = with.link,
               .credential = secrets_.own,
               .ca_pem = secrets_.ca_pem})
      , api_(host_.process())
      , pods_(host_.process())
      , services_(host_.process())
      , slices_(host_.process())
      , nodes_(host_.process())
      , server_(host_.process()) {}

  result<int> run();

private:
  result<void> start_https();
  result<kernel::tree> tree();
  kernel::tree informers();
  result<kernel::tree> kubelet_tree();
  result<kernel::child> network_child();
  http::response import_image(const http::request& what);

  settings::node with_;
  secrets secrets_;
  std::unique_ptr<node_masters> masters_; // outlives the actors
  host_process host_;
  kernel::stable<client::api_actor> api_;
  kernel::stable<client::informer_actor> pods_;
  kernel::stable<client::informer_actor> services_;
  kernel::stable<client::informer_actor> slices_;
  kernel::stable<client::informer_actor> nodes_;
  kernel::stable<kubelet::server_actor> server_;
  std::shared_ptr<kernel::blocking_pool> files_ = kernel::make_blocking_pool("files", 2);
  std::shared_ptr<kernel::blocking_pool> probes_ = kernel::make_blocking_pool("probes", 4);
  std::shared_ptr<kernel::blocking_pool> network_pool_ = kernel::make_blocking_pool("network", 1);
  std::shared_ptr<kernel::blocking_pool> logs_ = kernel::make_blocking_pool("logs", 16);
  network::drivers network_;
  container_runtime runtime_;
  std::unique_ptr<http::server> https_;
};

http::response node::import_image(const http::request& what) {
  auto asked = http::parse_target(what.target);
  auto file = asked ? std::string{asked->option("file")} : std::string{};
  if (!runtime_.own || what.method != "POST" || file.empty())
    return http::failure_response(
      {.reason = reason::bad_request,
       .message = "import an image: POST with ?file=, to a node with its own containerd"});
  auto done = runtime_.own->import_file(file);
  if (!done)
    return http::failure_response(done.error());
  return {.code = 200,
          .fields = {{"Content-Type", "application/json"}},
          .body = share("{\"ok\": true}\n"),
          .source = {}};
}

result<void> node::start_https() {
  OR_RETURN(auto tls, pki::tls_context::server({.certificate_pem = secrets_.own.cert.to_pem(),
                                                .key_pem = secrets_.own.secret.private_pem(),
                                                .ca_pem = secrets_.ca_pem,
                                                .check = pki::peer_check::optional,
                                                .alpn = {"http/1.1"}}));
  http::server_settings s;
  s.listen = {{.address = with_.bind_address, .port = with_.port}};
  s.threads = with_.io_threads;
  auto kubelet = server_.handle();
  auto ask_kubelet = [kubelet](const http::request& what, const api::user&,
                               const http::responder& to) {
    kernel::tell(kubelet, kubelet::asked{std::make_shared<const http::request>(what), to});
  };
  std::vector<edge::page_entry> pages;
  for (const char* prefix : kubelet::server_paths)
    pages.push_back({.prefix = prefix, .anonymous = false, .serve = ask_kubelet});
  pages.push_back(
    {.prefix = "/troupe/import",
     .anonymous = false,
     .serve = [this](const http::request& what, const api::user&, const http::responder& to) {
       if (!files_->post([this, what, to] { to.answer(import_image(what)); }))
         to.answer(http::failure_response(
           {.reason = reason::too_many_requests, .message = "too much is being imported"}));
     }});
  for (auto& p : process_pages(host_.process(), {}))
    pages.push_back(std::move(p));
  OR_RETURN(https_, http::server::start(s, tls, [pages](http::request what, http::responder to) {
              edge::serve_pages(pages, what, to);
            }));
  return {};
}

kernel::tree node::informers() {
  auto of = [](std::string group, std::string version, std::string resource) {
    api::request r;
    r.verb = api::verb::list;
    r.group = std::move(group);
    r.version = std::move(version);
    r.resource = std::move(resource);
    return r;
  };
  auto child = [this](const char* name, api::request what,
                      const kernel::stable<client::informer_actor>& to) {
    client::informer_settings s{.what = std::move(what), .servers = {api_.handle()}};
    return kernel::child{
      .name = name,
      .spawn = [s](const kernel::place& at) { return client::spawn_informer(at, s); },
      .slot = to.slot()};
  };
  kernel::tree out;
  out.children = {child("pods", kubelet::pods_of(with_.name), pods_),
                  child("services", kubelet::services_for(with_.name), services_),
                  child("endpointslices", of("discovery.k8s.io", "v1", "endpointslices"), slices_),
                  child("nodes", of("", "v1", "nodes"), nodes_)};
  return out;
}

result<kernel::tree> node::kubelet_tree() {
  auto host = kubelet::make_host(with_.data_dir, with_.resolv_conf);
  OR_RETURN(auto facts, host->facts());
  kubelet::settings k;
  k.node.name = with_.name;
  k.node.address = with_.address;
  k.node.port = with_.port;
  k.node.max_pods = with_.max_pods;
  k.node.labels = with_.labels;
  k.node.taints = with_.taints;
  k.node.version = server_version();
  k.data_dir = with_.data_dir;
  k.cgroup_root =
    with_.cgroup_root.empty() ? "/troupe/" + with_.cluster + "/" + with_.name : with_.cgroup_root;
  k.status_update = with_.status_update;
  k.status_report = with_.status_report;
  k.lease_duration = with_.lease_duration;
  k.resync = with_.sync_frequency;
  k.follow_contents = with_.volume_sync;
  k.log_bytes = with_.log_max_bytes;
  k.log_files = with_.log_max_files;
  k.cluster_domain = with_.net.dns_domain;
  k.api = api_;
  k.pod_informer = pods_;
  k.service_informer = services_;
  k.machine = facts;
  k.files = files_;
  k.probes = probes_;
  if (runtime_.driver) {
    CHECK_RETURN(runtime::make_cgroup(k.cgroup_root));
    k.host = host;
    k.driver = [driver = runtime_.driver](const engine::actor_time&) { return driver; };
  } else {
    k.host = kubelet::make_simulated_host(facts);
    k.runtime_name = "simulated";
    k.driver = [start = with_.simulated_start](
                 const engine::actor_time& time) -> std::shared_ptr<runtime::driver> {
      fake::options o;
      o.behave = [start](const runtime::container_config&, const runtime::sandbox_config&) {
        return fake::behaviour{.start = start};
      };
      return fake::make_driver({time.now, time.after}, std::move(o));
    };
  }
  auto parts = kubelet::assemble(host_.process(), std::move(k));
  kubelet::server_settings serves{
    .manager = parts.manager, .engine = parts.engine, .node = parts.facts, .readers = logs_};
  parts.tree.children.push_back(
    {.name = "server",
     .spawn = [serves](const kernel::place& at) { return kubelet::spawn_server(at, serves); },
     .slot = server_.slot()});
  return std::move(parts.tree);
}

result<kernel::child> node::network_child() {
  OR_RETURN(network_, network::make_drivers(with_));
  network::network_dependencies d{.services = services_,
                                  .slices = slices_,
                                  .nodes = nodes_,
                                  .drivers = network_,
                                  .pool = network_pool_,
                                  .node = network::podnet_options_of(with_),
                                  .sync = with_.proxy_sync};
  return kernel::child{.name = "network", .spawn = [d](const kernel::place& at) {
                         return network::spawn_network(at, d);
                       }};
}

result<kernel::tree> node::tree() {
  OR_RETURN(auto kubelet, kubelet_tree());
  OR_RETURN(auto network, network_child());
  kernel::tree out;
  out.children = {
    {.name = "api",
     .spawn = [known = masters_->servers()](
                const kernel::place& at) { return client::spawn_failover(at, known); },
     .slot = api_.slot()},
    masters_->follower(),
    {.name = "informers", .spawn = kernel::subtree(informers())},
    std::move(network),
    {.name = "kubelet", .spawn = kernel::subtree(std::move(kubelet))}};
  return out;
}

result<int> node::run() {
  CHECK_RETURN(start_runtime(with_, runtime_));
  CHECK_RETURN(host_.links().start(std::nullopt));
  OR_RETURN(masters_, node_masters::start(with_, secrets_.ca_pem, host_.links()));
  CHECK_RETURN(start_https());
  OR_RETURN(auto t, tree());
  auto code = host_.run(std::move(t));
  https_->stop(1s);
  network_pool_.reset(); // waits for the work under way
  if (auto cleaned = network::clean_up(network_); !cleaned)
    std::cerr << "give the network back: " << cleaned.error().message << std::endl;
  return code;
}

} // namespace

result<int> run_node(const settings::node& with) {
  OR_RETURN(auto s, load_secrets(with));
  node n{with, std::move(s)};
  return n.run();
}

} // namespace troupe::program
