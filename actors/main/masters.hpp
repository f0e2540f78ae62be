// Which masters there are: on a master as its replica says, on a node as the masters say (portal
// "masters"). Machines come and go while a process runs, so whoever needs them asks the board.
#pragma once

#include "actors/kernel/inspect.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/place.hpp"
#include "actors/kernel/protocol.hpp"
#include "actors/kernel/types.hpp"
#include "config/base/board.hpp"
#include "config/settings/common.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::program {

/// The masters at one time.
struct masters_known {
  std::uint64_t since = 0;         // greater for later ones; 0: from the settings
  std::vector<settings::peer> all; // learners too
  std::vector<std::string> voters; // names
  std::uint16_t api_port = 6443;   // of each
  bool operator==(const masters_known&) const = default;
};

using masters_board = board<masters_known>;
using masters_board_ptr = std::shared_ptr<masters_board>;

struct get_masters {};
/// As masters_known; `all` as NAME=HOST:PORT.
struct masters_are {
  std::uint64_t since = 0;
  std::vector<std::string> all;
  std::vector<std::string> voters;
  std::uint16_t api_port = 0;
};
template <class F> auto inspect(F& f, get_masters&) {
  return f(caf::meta::type_name("main.get_masters"));
}
template <class F> auto inspect(F& f, masters_are& m) {
  return f(caf::meta::type_name("main.masters_are"), m.since, m.all, m.voters, m.api_port);
}

inline constexpr auto masters_portal = "masters";
using masters_actor = caf::typed_actor<proto::ask<get_masters, masters_are>>;
/// On a master: tells what is on the board.
masters_actor spawn_masters(const kernel::place& at, masters_board_ptr board);

struct look_for_masters { // the actor's own
  using local_only = void;
};
using masters_follower = caf::typed_actor<proto::tell<look_for_masters>>;
struct follower_dependencies {
  masters_board_ptr board;
  std::function<masters_actor(const std::string& name)> master;
  /// Called on the actor's thread after the board has changed.
  std::function<void(const masters_known& before, const masters_known& now)> changed;
};
/// On a node: asks one master after the other, every second, and keeps the board.
masters_follower spawn_masters_follower(const kernel::place& at, follower_dependencies with);

/// NAME=HOST:PORT. Fails with invalid.
result<settings::peer> read_peer(const std::string& text);
/// The HOST of HOST:PORT, without the brackets of IPv6.
std::string host_of(const std::string& address);

void register_masters_types(kernel::message_types& types);

} // namespace troupe::program
