#include "actors/main/master_parts.hpp"

#include "actors/api/server/server.hpp"
#include "actors/client/types.hpp"
#include "actors/storage/etcd/replica.hpp"
#include "actors/storage/hub.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::program {
namespace {

constexpr std::size_t api_workers = 2;

/// Sorted addresses of the masters that this one is linked with, and its own.
std::vector<std::string> ready_masters(const std::string& own, const masters_board& masters,
                                       kernel::links& links) {
  std::vector<std::string> up = {own};
  for (const auto& l : links.status())
    if (l.up && l.peer.role == kernel::role::master)
      up.push_back(l.peer.name);
  std::vector<std::string> out;
  auto known = masters.get();
  for (const auto& m : known.all) {
    auto has = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), m.name) != names.end();
    };
    if (has(up) && has(known.voters)) // a learner may be far behind
      out.push_back(host_of(m.address));
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// The replica at NAME=HOST:PORT.
storage::peer_actor peer(const std::string& own, kernel::links& links, const std::string& address) {
  auto name = storage::name_of(address);
  auto at = endpoint_of(address.substr(name.size() + 1));
  if (at && own < name) // of two masters the one with the smaller name dials
    links.dial({name, kernel::role::master}, *at);
  return links.import <storage::peer_actor>(name, storage::peer_portal);
}

/// The board follows the group's members.
void note_members(const raft::configuration& members, log_index since, masters_board& to,
                  std::uint16_t api_port) {
  if (members.members.empty())
    return; // one that joins goes by its settings until it is called
  masters_known now{.since = raw(since), .all = {}, .voters = {}, .api_port = api_port};
  for (const auto& m : members.members) {
    auto peer = read_peer(m.address);
    if (!peer)
      continue;
    if (m.role == raft::member_role::voter)
      now.voters.push_back(peer->name);
    now.all.push_back(std::move(*peer));
  }
  to.set(std::move(now));
}

kernel::child replica_child(const kernel::process_ptr& process, kernel::links& links,
                            const master_wires& wires, master_dependencies& with) {
  const auto& set = with.settings;
  storage::replica_dependencies d;
  d.settings = with.tuning;
  d.settings.raft.self = storage::member_of(set.name);
  d.settings.raft.seed = process->random("raft")();
  d.settings.tick = set.raft_heartbeat;
  d.settings.raft.election_ticks =
    static_cast<std::uint32_t>(set.election_timeout / set.raft_heartbeat);
  d.settings.compact_after = set.compact_after;
  d.settings.address = set.name + "=" + set.reached_at() + ":" + std::to_string(set.link_port);
  d.settings.disk_reserve = set.store_reserve;
  d.health = with.health;
  d.store = std::move(with.store);
  d.writer = with.writer;
  d.reader = with.reader;
  d.hub = caf::actor_cast<storage::hub_feed_actor>(wires.hub.slot().address());
  d.scope = wires.scope;
  d.peer = [own = set.name, &links](member_id, const std::string& address) {
    return peer(own, links, address);
  };
  d.members = [board = with.masters, port = set.api_port](const raft::configuration& members,
                                                          log_index since) {
    note_members(members, since, *board, port);
  };
  d.removed = with.removed;
  return {.name = "replica",
          .restart = kernel::restart::never, // its death ends the process
          .spawn =
            [d, home = links.home()](const kernel::place& at) {
              return storage::spawn_replica(at.with_home(home), d).local;
            },
          .slot = wires.replica.slot()};
}

/// The board follows etcd's list of masters; of two the one with the smaller name dials.
void note_etcd_masters(const std::map<std::string, std::string>& all, revision since,
                       masters_board& to, kernel::links& links, const settings::master& own) {
  masters_known now{.since = raw(since), .all = {}, .voters = {}, .api_port = own.api_port};
  for (const auto& [name, address] : all) {
    now.voters.push_back(name);
    now.all.push_back({name, address});
    if (auto at = endpoint_of(address); at && own.name < name)
      links.dial({name, kernel::role::master}, *at);
  }
  to.set(std::move(now));
}

kernel::child etcd_child(kernel::links& links, const master_wires& wires,
                         const master_dependencies& with) {
  const auto& set = with.settings;
  storage::etcd_dependencies d;
  d.settings.name = set.name;
  d.settings.address = set.reached_at() + ":" + std::to_string(set.link_port);
  for (const auto& m : set.masters)
    if (m.name == set.name)
      d.settings.address = m.address;
  d.settings.prefix = set.etcd_prefix;
  d.settings.lease = set.etcd_lease;
  d.settings.compact_after = set.compact_after;
  d.settings.compacts = set.etcd_compaction;
  d.cluster = with.etcd;
  d.keys = with.store.keys;
  d.hub = caf::actor_cast<storage::hub_feed_actor>(wires.hub.slot().address());
  d.scope = wires.scope;
  d.masters = [board = with.masters, own = set,
               &links](const std::map<std::string, std::string>& all, revision since) {
    note_etcd_masters(all, since, *board, links, own);
  };
  d.removed = with.removed;
  return {
    .name = "replica",
    .restart = kernel::restart::never, // its death ends the process
    .spawn = [d](const kernel::place& at) { return storage::spawn_etcd_replica(at, d).local; },
    .slot = wires.replica.slot()};
}

kernel::tree api_tree(const master_wires& wires, const master_dependencies& with) {
  const auto& set = with.settings;
  api_server::dependencies api{
    .replica = wires.replica,
    .hub = wires.hub,
    .catalog = with.catalog,
    .pages = std::make_shared<const api_server::documents>(with.catalog, with.version),
    .set = {}};
  api.tokens = with.tokens;
  api.set.service_cidr = set.net.service_cidr;
  api.set.node_port_first = set.net.node_port_first;
  api.set.node_port_last = set.net.node_port_last;
  api.set.not_ready_toleration_seconds =
    std::chrono::duration_cast<std::chrono::seconds>(set.toleration).count();
  api.set.unreachable_toleration_seconds = api.set.not_ready_toleration_seconds;
  kernel::tree out;
  for (std::size_t i = 0; i < wires.api.size(); ++i)
    out.children.push_back(
      {.name = "worker-" + std::to_string(i),
       .spawn = [api](const kernel::place& at) { return api_server::spawn_api(at, api); },
       .slot = wires.api[i].slot()});
  out.children.insert(out.children.end(), with.edge.begin(), with.edge.end());
  return out;
}

} // namespace

master_wires::master_wires(const kernel::process_ptr& p)
    : replica(p), hub(p), raw(p), raw_watch(p), scope(p), masters(p) {
  for (std::size_t i = 0; i < api_workers; ++i)
    api.emplace_back(p);
}

std::vector<client::api_actor> master_wires::workers() const {
  std::vector<client::api_actor> out;
  for (const auto& a : api)
    out.push_back(a.handle());
  return out;
}

kernel::tree master_tree(const kernel::process_ptr& process, kernel::links& links,
                         const master_wires& wires, master_dependencies with) {
  if (!with.masters)
    with.masters = make_masters_board(with.settings);
  storage::hub_dependencies hub{
    .replica = wires.replica, .reader = with.reader, .limits = {}, .bugs = {}};
  hub.limits.sparse = with.etcd != nullptr;
  kernel::tree out;
  out.children = {
    {.name = "hub",
     .spawn = [hub](const kernel::place& at) { return storage::spawn_watch_hub(at, hub).hub; },
     .slot = wires.hub.slot()},
    with.etcd ? etcd_child(links, wires, with) : replica_child(process, links, wires, with),
    {.name = "raw",
     .spawn =
       [replica = wires.replica.handle(), home = links.home()](const kernel::place& at) {
         return storage::spawn_raw(at.with_home(home), replica);
       },
     .slot = wires.raw.slot()},
    {.name = "raw-watch",
     .spawn = [hub = wires.hub.handle()](
                const kernel::place& at) { return storage::spawn_raw_watch(at, hub); },
     .slot = wires.raw_watch.slot()},
    {.name = "masters",
     .spawn = [board = with.masters](const kernel::place& at) { return spawn_masters(at, board); },
     .slot = wires.masters.slot()},
    {.name = "api", .spawn = kernel::subtree(api_tree(wires, with))},
    {.name = "leadership",
     .spawn = [replica = wires.replica.handle(), note = with.leadership](
                const kernel::place& at) { return spawn_leadership_note(at, replica, note); }},
  };
  control_plane_dependencies plane{
    .settings = with.settings,
    .api = wires.workers(),
    .catalog = with.catalog,
    .ca_pem = with.ca_pem,
    .leadership = with.leadership,
    .masters = with.masters,
    .ready_masters = [own = with.settings.name, board = with.masters,
                      &links] { return ready_masters(own, *board, links); },
    .scope = with.scope};
  add_control_plane(out, process, links, plane, wires.scope.slot());
  return out;
}

void offer_portals(kernel::links& links, const master_wires& wires) {
  links.offer(
    storage::portal_of(caf::actor_cast<storage::peer_actor>(wires.replica.slot().address())));
  kernel::portal raw{storage::raw_portal, wires.raw.handle()};
  raw.accept<storage::commit_raw>({kernel::role::master})
    .accept<storage::read_raw>({kernel::role::master})
    .accept<storage::list_raw>({kernel::role::master});
  links.offer(std::move(raw));
  links.offer(storage::raw_watch_portal_of(wires.raw_watch.handle()));
  kernel::portal api{client::api_portal, wires.api.front().handle()};
  client::accept_all(api);
  links.offer(std::move(api));
  kernel::portal masters{masters_portal, wires.masters.handle()};
  masters.accept<get_masters>({kernel::role::master, kernel::role::node});
  links.offer(std::move(masters));
  links.subscribe(caf::actor_cast<kernel::link_subscriber>(wires.replica.slot().address()));
}

masters_board_ptr make_masters_board(const settings::master& with) {
  masters_known now{.since = 0, .all = with.masters, .voters = {}, .api_port = with.api_port};
  for (const auto& m : with.masters)
    now.voters.push_back(m.name);
  return std::make_shared<masters_board>(std::move(now));
}

std::vector<std::string> founders_of(const settings::master& with) {
  std::vector<std::string> out;
  bool founds = false;
  for (const auto& m : with.masters) {
    founds |= m.name == with.name;
    out.push_back(m.name + "=" + m.address);
  }
  return founds ? out : std::vector<std::string>{};
}

result<kernel::endpoint> endpoint_of(const std::string& address) {
  auto colon = address.rfind(':');
  std::uint16_t port = 0;
  const auto* end = address.data() + address.size();
  if (colon != std::string::npos && colon > 0) {
    auto [stop, error] = std::from_chars(address.data() + colon + 1, end, port);
    if (error == std::errc{} && stop == end && port > 0)
      return kernel::endpoint{host_of(address), port};
  }
  return failure{.reason = reason::invalid,
                 .message = "read the address '" + address + "': it must be HOST:PORT"};
}

} // namespace troupe::program
