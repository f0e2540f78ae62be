#include "actors/main/master.hpp"

#include "actors/api/edge/front.hpp"
#include "actors/main/backups.hpp"
#include "actors/main/etcd_store.hpp"
#include "actors/main/host_process.hpp"
#include "actors/main/join/door.hpp"
#include "actors/main/master_parts.hpp"
#include "actors/main/members.hpp"
#include "actors/main/pages.hpp"
#include "actors/main/program.hpp"
#include "actors/storage/open.hpp"
#include "config/pki/cluster.hpp"
#include "config/pki/files.hpp"
#include "config/settings/settings.hpp"
#include "store/seal/configuration.hpp"

#include <caf/scoped_actor.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <mutex>

namespace troupe::program {
namespace {

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

/// Service-account tokens, by the keys that all masters share.
authn::token_authority_ptr tokens_of(const settings::master& with,
                                     const pki::shared_secrets& shared) {
  auto own = with.reached_at() + ":" + std::to_string(with.api_port);
  auto address = "https://" + (with.public_endpoint.empty() ? own : with.public_endpoint);
  return std::make_shared<const authn::token_authority>(
    authn::token_authority{.signs = shared.service_accounts,
                           .verifies = shared.token_verifiers(),
                           .issuer = with.token_issuer,
                           .audiences = with.api_audiences,
                           .key_set_address = address + "/openid/v1/jwks"});
}

/// Null: nothing is encrypted at rest.
result<seal::keyring_ptr> sealing_keys(const settings::master& with) {
  if (with.encryption_config.empty())
    return seal::keyring_ptr{};
  OR_RETURN(auto text, pki::read_secret_file(with.encryption_config));
  return seal::read_configuration(text);
}

std::string ca_of(const secrets& s) { return s.shared.ca.cert().to_pem(); }

/// Written when the cluster has removed this master: the others may not speak to it any more, and
/// its next start could not find out.
std::string removal_file(const settings::master& with) { return with.data_dir + "/removed"; }

void note_removal(const settings::master& with) {
  auto written =
    pki::write_file(removal_file(with), "by troupe member remove\n", pki::secrecy::open);
  if (!written) // then the next start asks the others again
    std::cerr << "troupe: " << written.error().message << std::endl;
}

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
      , wires_(host_.process())
      , front_(host_.process())
      , door_(host_.process())
      , members_(host_.process())
      , backups_(host_.process())
      , masters_(make_masters_board(with)) {}

  result<int> run();

private:
  result<kernel::tree> tree();
  kernel::child front();
  kernel::child door();
  kernel::child members();
  kernel::child backups();
  std::vector<edge::page_entry> pages();
  std::vector<join::known_member> known_members();
  result<void> start_https();
  void leave(caf::actor_system& system);
  void add_status(nlohmann::json& to);
  std::string metrics();
  result<std::shared_ptr<http::client>> kubelet(const std::string& address, std::uint16_t port);

  settings::master with_;
  secrets secrets_;
  std::shared_ptr<etcd::cluster> etcd_; // ends after all actors
  host_process host_;
  master_wires wires_;
  kernel::stable<edge::front_actor> front_;
  kernel::stable<join::door_actor> door_;
  kernel::stable<members_page_actor> members_;
  kernel::stable<backup_page_actor> backups_;
  std::shared_ptr<kernel::blocking_pool> reader_ = kernel::make_blocking_pool("reader", 1);
  masters_board_ptr masters_;
  std::shared_ptr<storage::health_board> health_ = std::make_shared<storage::health_board>();
  schema::catalog_ptr catalog_ = schema::built_in();
  std::shared_ptr<leadership_note> leadership_ = std::make_shared<leadership_note>();
  std::mutex kubelets_lock_;
  std::map<std::string, std::shared_ptr<http::client>> kubelets_;
  std::unique_ptr<http::server> https_;
};

void master::add_status(nlohmann::json& to) {
  auto now = leadership_->get();
  to["address"] = with_.reached_at();
  to["leader"] = now.leader_name;
  to["term"] = raw(now.term);
  auto known = masters_->get();
  bool votes =
    std::find(known.voters.begin(), known.voters.end(), with_.name) != known.voters.end();
  to["role"] = now.here ? "leader" : votes ? "follower" : "learner";
  to["api_port"] = with_.api_port;
  auto store = health_->get();
  to["store"] = {{"read_only", store.read_only},
                 {"why", store.why},
                 {"free_bytes", store.free_bytes},
                 {"reserve_bytes", store.reserve_bytes}};
  auto& all = to["masters"] = nlohmann::json::array();
  for (const auto& m : known.all)
    all.push_back({{"name", m.name},
                   {"address", m.address},
                   {"voter", std::find(known.voters.begin(), known.voters.end(), m.name)
                               != known.voters.end()}});
  nlohmann::json links = nlohmann::json::array();
  for (const auto& l : host_.links().status())
    links.push_back({{"peer", l.peer.name},
                     {"up", l.up},
                     {"refused", l.refused},
                     {"dropped_tells", l.dropped_tells}});
  to["links"] = links;
}

std::string master::metrics() {
  auto store = health_->get();
  auto gauge = [](const std::string& name, std::uint64_t value) {
    return "# TYPE " + name + " gauge\n" + name + " " + std::to_string(value) + "\n";
  };
  return gauge("troupe_store_read_only", store.read_only ? 1 : 0)
         + gauge("troupe_store_free_bytes", store.free_bytes)
         + gauge("troupe_store_reserve_bytes", store.reserve_bytes);
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

std::vector<edge::page_entry> master::pages() {
  auto knock = [door = door_.handle()](const http::request& what, const api::user&,
                                       const http::responder& to) {
    kernel::tell(door, join::knocked{std::make_shared<const http::request>(what), to});
  };
  auto out = process_pages(
    host_.process(), [this](nlohmann::json& to) { add_status(to); }, [this] { return metrics(); });
  out.insert(out.begin(), {.prefix = join::path, .anonymous = true, .serve = knock});
  auto of_members = members_pages(members_.handle());
  out.insert(out.begin(), of_members.begin(), of_members.end());
  out.insert(out.begin(), backup_page(backups_.handle()));
  return out;
}

std::vector<join::known_member> master::known_members() {
  std::map<std::string, join::known_member> out;
  auto known = masters_->get();
  for (const auto& name : known.voters)
    out[name].voter = true;
  out[with_.name].linked = true;
  for (const auto& l : host_.links().status())
    out[l.peer.name].linked |= l.up;
  std::vector<join::known_member> list;
  for (auto& [name, m] : out) {
    m.name = name;
    list.push_back(m);
  }
  return list;
}

kernel::child master::door() {
  join::door_dependencies d{.api = wires_.api.front(),
                            .replica =
                              caf::actor_cast<storage::peer_actor>(wires_.replica.slot().address()),
                            .secrets = std::make_shared<const pki::shared_secrets>(secrets_.shared),
                            .settings_of_masters = settings::shared_with_masters(with_),
                            .settings_of_nodes = settings::shared_with_nodes(with_),
                            .known = [this] { return known_members(); },
                            .masters =
                              [board = masters_] {
                                std::vector<std::string> out;
                                for (const auto& m : board->get().all)
                                  out.push_back(m.name + "=" + m.address);
                                return out;
                              }};
  return {.name = "door",
          .spawn = [d](const kernel::place& at) { return join::spawn_door(at, d); },
          .slot = door_.slot()};
}

kernel::child master::members() {
  auto replica = caf::actor_cast<storage::peer_actor>(wires_.replica.slot().address());
  return {.name = "members",
          .spawn = [replica](const kernel::place& at) { return spawn_members_page(at, replica); },
          .slot = members_.slot()};
}

kernel::child master::backups() {
  backup_dependencies d{.replica = wires_.replica,
                        .reader = reader_,
                        .cluster = with_.cluster,
                        .program = server_version()};
  return {.name = "backups",
          .spawn = [d](const kernel::place& at) { return spawn_backup_page(at, d); },
          .slot = backups_.slot()};
}

kernel::child master::front() {
  edge::front_dependencies front{.workers = wires_.workers(),
                                 .replica = wires_.replica,
                                 .catalog = catalog_,
                                 .pages = pages(),
                                 .disk = [health = health_]() -> edge::disk_condition {
                                   auto now = health->get();
                                   return {.warning = now.why, .ready = !now.behind};
                                 },
                                 .kubelet =
                                   [this](const std::string& address, std::uint16_t port) {
                                     auto made = kubelet(address, port);
                                     return made ? *made : nullptr;
                                   }};
  return {.name = "front",
          .spawn = [front](const kernel::place& at) { return edge::spawn_front(at, front); },
          .slot = front_.slot()};
}

result<kernel::tree> master::tree() {
  OR_RETURN(etcd_, open_etcd(with_));
  OR_RETURN(auto keys, sealing_keys(with_));
  storage::opened_store opened;
  opened.keys = keys;
  if (!etcd_) {
    OR_RETURN(opened, storage::open_store({.directory = with_.data_dir + "/store",
                                           .cluster = with_.cluster,
                                           .member = with_.name,
                                           .founders = founders_of(with_),
                                           .keys = keys}));
  }
  return master_tree(host_.process(), host_.links(), wires_,
                     {.settings = with_,
                      .store = std::move(opened),
                      .writer = kernel::make_blocking_pool("log", 1),
                      .reader = reader_,
                      .catalog = catalog_,
                      .version = server_version(),
                      .ca_pem = ca_of(secrets_),
                      .leadership = leadership_,
                      .health = health_,
                      .masters = masters_,
                      .edge = {front(), door(), members(), backups()},
                      .removed =
                        [this] {
                          host_.removed();
                          note_removal(with_);
                        },
                      .tokens = tokens_of(with_, secrets_.shared),
                      .etcd = etcd_});
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
  auto front = front_.handle();
  OR_RETURN(https_, http::server::start(s, tls, [front](http::request what, http::responder to) {
              kernel::tell(front, edge::arrived{std::make_shared<http::request>(std::move(what)),
                                                std::move(to)});
            }));
  return {};
}

/// Another one leads first, then those who wait here get their answers: a stop in order fails no
/// request.
void master::leave(caf::actor_system& system) {
  auto replica = caf::actor_cast<storage::leaving_actor>(wires_.replica.slot().address());
  auto within = with_.election_timeout + with_.election_timeout; // the replica's bound is one
  caf::scoped_actor self{system};
  self
    ->request(replica, std::chrono::duration_cast<std::chrono::milliseconds>(within),
              storage::hand_over{})
    .receive([](const storage::handed_over&) {}, [](const caf::error&) {});
  https_->stop(1s);
}

result<int> master::run() {
  OR_RETURN(auto t, tree());
  offer_portals(host_.links(), wires_);
  OR_RETURN(auto listen_at,
            endpoint_of(with_.bind_address + ":" + std::to_string(with_.link_port)));
  CHECK_RETURN(host_.links().start(listen_at));
  // One that joins has no members yet: those with a smaller name dial it, it dials the others.
  if (founders_of(with_).empty())
    for (const auto& m : with_.masters)
      if (auto at = endpoint_of(m.address))
        host_.links().dial({m.name, kernel::role::master}, *at);
  CHECK_RETURN(start_https());
  auto code = host_.run(std::move(t), [this](caf::actor_system& system) { leave(system); });
  https_->stop(1s); // if a death ended it
  return code;
}

} // namespace

result<int> run_master(const settings::master& with) {
  if (std::filesystem::exists(removal_file(with))) {
    std::cerr << "troupe: start the master " << with.name << ": it was removed from the cluster ("
              << removal_file(with) << "); to take part again it joins with an empty data directory"
              << std::endl;
    return removed_exit_code;
  }
  OR_RETURN(auto s, load_secrets(with));
  master m{with, std::move(s)};
  return m.run();
}

} // namespace troupe::program
