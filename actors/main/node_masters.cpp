#include "actors/main/node_masters.hpp"

#include "actors/client/types.hpp"
#include "actors/main/master_parts.hpp"
#include "config/pki/files.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

namespace troupe::program {
namespace {

constexpr std::uint16_t usual_api_port = 6443;

std::string list_file(const settings::node& with) { return with.data_dir + "/masters"; }

/// A line each: NAME=HOST:PORT. One that is missing or damaged knows nobody.
std::vector<settings::peer> read_list(const settings::node& with) {
  std::vector<settings::peer> out;
  auto text = pki::read_file(list_file(with));
  std::istringstream in{text ? *text : std::string{}};
  for (std::string line; std::getline(in, line);)
    if (auto p = read_peer(line))
      out.push_back(std::move(*p));
  return out;
}

/// Those of the settings first; of the others the last known address.
masters_known known_at_start(const settings::node& with) {
  masters_known out{.since = 0, .all = with.masters, .voters = {}, .api_port = usual_api_port};
  for (auto& p : read_list(with))
    if (std::none_of(out.all.begin(), out.all.end(),
                     [&](const auto& m) { return m.name == p.name; }))
      out.all.push_back(std::move(p));
  if (auto at = endpoint_of(with.api_endpoint))
    out.api_port = at->port;
  return out;
}

std::vector<balancer::backend_address> backends(const masters_known& masters) {
  std::vector<balancer::backend_address> out;
  for (const auto& m : masters.all)
    out.push_back({host_of(m.address), masters.api_port});
  return out;
}

} // namespace

node_masters::node_masters(const settings::node& with, kernel::links& links, masters_known first)
    : with_(with), links_(links), board_(std::make_shared<masters_board>(std::move(first))) {}

result<std::unique_ptr<node_masters>>
node_masters::start(const settings::node& with, const std::string& ca_pem, kernel::links& links) {
  auto first = known_at_start(with);
  for (const auto& m : first.all) {
    OR_RETURN(auto at, endpoint_of(m.address));
    links.dial({m.name, kernel::role::master}, at);
  }
  auto out = std::make_unique<node_masters>(with, links, std::move(first));
  if (!with.balancer.empty())
    out->serve(ca_pem);
  return out;
}

void node_masters::serve(const std::string& ca_pem) {
  auto at = endpoint_of(with_.balancer);
  if (!at) {
    std::cerr << at.error().message << std::endl;
    return;
  }
  auto started = balancer::balancer::start({.listen_address = at->host,
                                            .listen_port = at->port,
                                            .reuse_port = false,
                                            .backends = backends(board_->get()),
                                            .ca_pem = ca_pem});
  if (started)
    balancer_ = std::move(*started);
  else // a master of the same machine may have the port: it serves as well
    std::cerr << "no balancer here: " << started.error().message << std::endl;
}

client::api_servers node_masters::servers() const {
  return [board = board_, &links = links_] {
    std::vector<client::api_actor> out;
    for (const auto& m : board->get().all)
      out.push_back(links.import <client::api_actor>(m.name, client::api_portal));
    return out;
  };
}

kernel::child node_masters::follower() {
  follower_dependencies d{.board = board_,
                          .master =
                            [&links = links_](const std::string& name) {
                              return links.import <masters_actor>(name, masters_portal);
                            },
                          .changed = [this](const masters_known& before,
                                            const masters_known& now) { change(before, now); }};
  return {.name = "masters",
          .spawn = [d](const kernel::place& at) { return spawn_masters_follower(at, d); }};
}

void node_masters::change(const masters_known& before, const masters_known& now) {
  std::string list;
  for (const auto& m : now.all) {
    list += m.name + "=" + m.address + "\n";
    if (std::find(before.all.begin(), before.all.end(), m) != before.all.end())
      continue;
    if (auto at = endpoint_of(m.address))
      links_.dial({m.name, kernel::role::master}, *at);
  }
  for (const auto& m : before.all)
    if (std::none_of(now.all.begin(), now.all.end(),
                     [&](const auto& n) { return n.name == m.name; }))
      links_.hang_up(m.name);
  if (balancer_)
    balancer_->set_backends(backends(now));
  if (before.all == now.all)
    return;
  // Small and rare: written here.
  if (auto saved = pki::write_file(list_file(with_), list, pki::secrecy::open); !saved)
    std::cerr << "keep the list of masters: " << saved.error().message << std::endl;
}

} // namespace troupe::program
