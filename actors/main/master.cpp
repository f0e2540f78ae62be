#include "actors/main/master.hpp"

#include "actors/api/edge/front.hpp"
#include "actors/api/server/server.hpp"
#include "actors/client/types.hpp"
#include "actors/lease/watcher.hpp"
#include "actors/main/bootstrap.hpp"
#include "actors/main/control_plane.hpp"
#include "actors/main/host_process.hpp"
#include "actors/main/pages.hpp"
#include "actors/main/program.hpp"
#include "actors/storage/hub.hpp"
#include "actors/storage/open.hpp"
#include "config/pki/cluster.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace troupe::program {
namespace {

constexpr std::size_t api_workers = 2;

struct secrets {
  pki::shared_secrets shared;
  pki::master_credentials own;
};

result<secrets> load_secrets(const settings::master& with) {
  auto dir = with.pki_dir.empty() ? with.data_dir + "/pki" : with.pki_dir;
  OR_RETURN(auto shared, pki::load_shared_secrets(dir));
  OR_RETURN(auto own, pki::load_master(dir));
  return secrets{std::move(shared), std::move(own)};
}

result<kernel::endpoint> endpoint_of(const std::string& address) {
  auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return failure{.reason = reason::invalid,
                   .message = "read the address '" + address + "': it must be HOST:PORT"};
  return kernel::endpoint{address.substr(0, colon),
                          static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)))};
}

std::string ca_of(const secrets& s) { return s.shared.ca.cert().to_pem(); }

/// The handles of a master's actors, made before the actors.
struct wiring {
  explicit wiring(const kernel::process_ptr& p)
      : replica(p), hub(p), scope(p), front(p), watcher(p) {
    for (std::size_t i = 0; i < api_workers; ++i)
      api.emplace_back(p);
  }
  kernel::stable<storage::replica_actor> replica;
  kernel::stable<storage::watch_hub_actor> hub;
  kernel::stable<kernel::scope_actor> scope;
  kernel::stable<edge::front_actor> front;
  kernel::stable<lease::watcher_actor> watcher;
  std::vector<kernel::stable<client::api_actor>> api;

  std::vector<client::api_actor> workers() const {
    std::vector<client::api_actor> out;
    for (const auto& a : api)
      out.push_back(a.handle());
    return out;
  }
};

/// A master that is being assembled; lives until the program ends.
class master {
public:
  master(const settings::master& with, secrets s)
      : with_(with)
      , secrets_(std::move(s))
      , host_({.who = {with.name, kernel::role::master},
               .actor_threads = with.actor_threads,
               .trace_bytes = with.trace_bytes,
               .link = with.link,
               .credential = secrets_.own.peer,
               .ca_pem = ca_of(secrets_)})
      , wires_(host_.process()) {}

  result<int> run();

private:
  std::vector<std::string> founders() const;
  storage::peer_actor peer(const std::string& address);
  result<kernel::tree> tree();
  kernel::tree api_tree(const std::shared_ptr<const api_server::documents>& pages);
  void offer_portals();
  result<void> start_https();
  std::vector<std::string> ready_masters();
  void add_status(nlohmann::json& to);
  result<std::shared_ptr<http::client>> kubelet(const std::string& address, std::uint16_t port);

  settings::master with_;
  secrets secrets_;
  host_process host_;
  wiring wires_;
  schema::catalog_ptr catalog_ = schema::built_in();
  std::shared_ptr<kernel::blocking_pool> writer_ = kernel::make_blocking_pool("log", 1);
  std::shared_ptr<kernel::blocking_pool> reader_ = kernel::make_blocking_pool("reader", 1);
  std::shared_ptr<leadership_note> leadership_ = std::make_shared<leadership_note>();
  control::suspects_ptr suspects_ = std::make_shared<control::suspects_board>();
  std::mutex kubelets_lock_;
  std::map<std::string, std::shared_ptr<http::client>> kubelets_;
  std::unique_ptr<http::server> https_;
};

std::vector<std::string> master::founders() const {
  std::vector<std::string> out;
  for (const auto& m : with_.masters)
    out.push_back(m.name + "=" + m.address);
  return out;
}

storage::peer_actor master::peer(const std::string& address) {
  auto name = storage::name_of(address);
  auto at = endpoint_of(address.substr(name.size() + 1));
  if (at && with_.name < name) // of two masters the one with the smaller name dials
    host_.links().dial({name, kernel::role::master}, *at);
  return host_.links().import <storage::peer_actor>(name, storage::peer_portal);
}

void master::offer_portals() {
  kernel::portal replica{storage::peer_portal,
                         caf::actor_cast<storage::peer_actor>(wires_.replica.slot().address())};
  replica.accept<storage::letter_sent>({kernel::role::master})
    .accept<storage::bulk_letter_sent>({kernel::role::master})
    .accept<storage::propose>({kernel::role::master})
    .accept<storage::ask_to_join>({kernel::role::master});
  host_.links().offer(std::move(replica));
  kernel::portal api{client::api_portal, wires_.api.front().handle()};
  client::accept_all(api);
  host_.links().offer(std::move(api));
  kernel::portal watcher{lease::watcher_portal, wires_.watcher.handle()};
  watcher.accept<lease::lost_sight>({kernel::role::master});
  host_.links().offer(std::move(watcher));
  for (const auto& slot : {wires_.replica.slot(), wires_.watcher.slot()})
    host_.links().subscribe(caf::actor_cast<kernel::link_subscriber>(slot.address()));
}

std::vector<std::string> master::ready_masters() {
  std::vector<std::string> up = {with_.name};
  for (const auto& l : host_.links().status())
    if (l.up && l.peer.role == kernel::role::master)
      up.push_back(l.peer.name);
  std::vector<std::string> out;
  for (const auto& m : with_.masters)
    if (std::find(up.begin(), up.end(), m.name) != up.end())
      out.push_back(m.address.substr(0, m.address.rfind(':')));
  std::sort(out.begin(), out.end());
  return out;
}

void master::add_status(nlohmann::json& to) {
  auto now = leadership_->get();
  to["address"] = with_.reached_at();
  to["leader"] = now.leader_name;
  to["term"] = raw(now.term);
  to["role"] = now.here ? "leader" : "follower";
  nlohmann::json links = nlohmann::json::array();
  for (const auto& l : host_.links().status())
    links.push_back({{"peer", l.peer.name},
                     {"up", l.up},
                     {"refused", l.refused},
                     {"dropped_tells", l.dropped_tells}});
  to["links"] = links;
}

result<std::shared_ptr<http::client>> master::kubelet(const std::string& address,
                                                      std::uint16_t port) {
  std::lock_guard guard{kubelets_lock_};
  auto& known = kubelets_[address + ":" + std::to_string(port)];
  if (!known) {
    OR_RETURN(auto tls,
              pki::tls_context::client({.certificate_pem = secrets_.own.peer.cert.to_pem(),
                                        .key_pem = secrets_.own.peer.secret.private_pem(),
                                        .ca_pem = ca_of(secrets_),
                                        .check = pki::peer_check::required}));
    known =
      std::make_shared<http::client>(http::client_settings{.host = address, .port = port}, tls);
  }
  return known;
}

kernel::tree master::api_tree(const std::shared_ptr<const api_server::documents>& pages) {
  api_server::dependencies api{
    .replica = wires_.replica, .hub = wires_.hub, .catalog = catalog_, .pages = pages, .set = {}};
  api.set.service_cidr = with_.net.service_cidr;
  api.set.node_port_first = with_.net.node_port_first;
  api.set.node_port_last = with_.net.node_port_last;
  api.set.not_ready_toleration_seconds =
    std::chrono::duration_cast<std::chrono::seconds>(with_.toleration).count();
  api.set.unreachable_toleration_seconds = api.set.not_ready_toleration_seconds;
  kernel::tree out;
  for (std::size_t i = 0; i < api_workers; ++i)
    out.children.push_back(
      {.name = "worker-" + std::to_string(i),
       .spawn = [api](const kernel::place& at) { return api_server::spawn_api(at, api); },
       .slot = wires_.api[i].slot()});
  edge::front_dependencies front{
    .workers = wires_.workers(),
    .replica = wires_.replica,
    .catalog = catalog_,
    .pages = process_pages(host_.process(), [this](nlohmann::json& to) { add_status(to); }),
    .kubelet = [this](const std::string& address, std::uint16_t port) {
      auto made = kubelet(address, port);
      return made ? *made : nullptr;
    }};
  out.children.push_back(
    {.name = "front",
     .spawn = [front](const kernel::place& at) { return edge::spawn_front(at, front); },
     .slot = wires_.front.slot()});
  return out;
}

result<kernel::tree> master::tree() {
  OR_RETURN(auto opened, storage::open_store({.directory = with_.data_dir + "/store",
                                              .cluster = with_.cluster,
                                              .member = with_.name,
                                              .founders = founders()}));
  storage::replica_dependencies replica;
  replica.settings.raft.self = storage::member_of(with_.name);
  replica.settings.raft.seed = host_.process()->random("raft")();
  replica.settings.tick = with_.raft_heartbeat;
  replica.settings.raft.election_ticks =
    static_cast<std::uint32_t>(with_.election_timeout / with_.raft_heartbeat);
  replica.settings.compact_after = with_.compact_after;
  replica.store = std::move(opened);
  replica.writer = writer_;
  replica.reader = reader_;
  replica.hub = caf::actor_cast<storage::hub_feed_actor>(wires_.hub.slot().address());
  replica.scope = wires_.scope;
  replica.peer = [this](member_id, const std::string& address) { return peer(address); };

  auto pages = std::make_shared<const api_server::documents>(catalog_, server_version());
  storage::hub_dependencies hub{
    .replica = wires_.replica, .reader = reader_, .limits = {}, .bugs = {}};
  control_plane_dependencies plane{.settings = with_,
                                   .api = wires_.workers(),
                                   .catalog = catalog_,
                                   .ca_pem = ca_of(secrets_),
                                   .leadership = leadership_,
                                   .ready_masters = [this] { return ready_masters(); }};
  kernel::tree out;
  out.children = {
    {.name = "hub",
     .spawn = [hub](const kernel::place& at) { return storage::spawn_watch_hub(at, hub).hub; },
     .slot = wires_.hub.slot()},
    {.name = "replica",
     .restart = kernel::restart::never, // its death ends the process
     .spawn =
       [replica](const kernel::place& at) { return storage::spawn_replica(at, replica).local; },
     .slot = wires_.replica.slot()},
    {.name = "api", .spawn = kernel::subtree(api_tree(pages))},
    {.name = "leadership",
     .spawn =
       [this](const kernel::place& at) {
         return spawn_leadership_note(at, wires_.replica, leadership_);
       }},
  };
  add_control_plane(out, host_.process(), host_.links(), plane, wires_.scope.slot());
  lease::watcher_settings watcher{.self = with_.name,
                                  .masters = {},
                                  .board = suspects_,
                                  .term = [note = leadership_] { return note->get().term; }};
  for (const auto& m : with_.masters)
    if (m.name != with_.name)
      watcher.masters.emplace(
        m.name, host_.links().import <lease::watcher_actor>(m.name, lease::watcher_portal));
  out.children.push_back(
    {.name = "watcher",
     .spawn = [watcher](const kernel::place& at) { return lease::spawn_watcher(at, watcher); },
     .slot = wires_.watcher.slot()});
  return out;
}

result<void> master::start_https() {
  OR_RETURN(auto tls,
            pki::tls_context::server({.certificate_pem = secrets_.own.serving.cert.to_pem(),
                                      .key_pem = secrets_.own.serving.secret.private_pem(),
                                      .ca_pem = ca_of(secrets_),
                                      .check = pki::peer_check::optional,
                                      .alpn = {"http/1.1"}}));
  http::server_settings s;
  s.listen = {{.address = with_.bind_address, .port = with_.api_port}};
  s.threads = with_.io_threads;
  s.max_connections = with_.max_connections;
  s.max_in_flight = with_.max_requests + with_.max_mutating;
  auto front = wires_.front.handle();
  OR_RETURN(https_, http::server::start(s, tls, [front](http::request what, http::responder to) {
              kernel::tell(front, edge::arrived{std::make_shared<http::request>(std::move(what)),
                                                std::move(to)});
            }));
  return {};
}

result<int> master::run() {
  OR_RETURN(auto t, tree());
  offer_portals();
  OR_RETURN(auto listen_at,
            endpoint_of(with_.bind_address + ":" + std::to_string(with_.link_port)));
  CHECK_RETURN(host_.links().start(listen_at));
  CHECK_RETURN(start_https());
  auto code = host_.run(std::move(t));
  https_->stop(1s);
  return code;
}

} // namespace

result<int> run_master(const settings::master& with) {
  OR_RETURN(auto s, load_secrets(with));
  master m{with, std::move(s)};
  return m.run();
}

} // namespace troupe::program
