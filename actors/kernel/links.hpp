// The distributed actor network: typed handles across processes, by portal.
//
//   // offering (master)                              // using (node)
//   links.offer(kernel::portal{"lease", monitor}     auto lease = links.import<monitor_actor>(
//     .accept<renewed>({role::node})                   "master-0", "lease");
//     .accept<sweep>({role::master}));               links.dial({"master-0", role::master},
//     address);
//                                                    self->ask(lease, sweep{}, 1s).then(...);
//
// An imported handle is valid for ever. While the link is down asks are answered unavailable
// (nothing was done) and tells are dropped; asks under way when it breaks are answered timeout
// (outcome unknown). Tells need credit: a portal's receiver grants 256 (`tell_window`) and renews
// them as they are handled; the sender keeps up to 1024 more and drops beyond that (counted in
// status). Exactly one side dials: nodes dial masters, and of two masters the one with the smaller
// name.
#pragma once

#include "actors/kernel/process.hpp"
#include "actors/kernel/transport.hpp"
#include "actors/kernel/types.hpp"

#include <caf/actor_cast.hpp>
#include <caf/typed_actor.hpp>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::kernel {

/// What a process offers under a name, and who may say what to it.
class portal {
public:
  struct rule {
    const std::type_info* type = nullptr;
    bool masters = false;
    bool nodes = false;
  };

  template <class... Signatures>
  portal(std::string name, const caf::typed_actor<Signatures...>& to)
      : name_(std::move(name)), to_(caf::actor_cast<caf::strong_actor_ptr>(to)) {}

  /// M must be registered in the process's message_types, and so must be its answer's type.
  template <class M> portal& accept(std::initializer_list<role> from) {
    static_assert(!local_message<M>, "a local_only message cannot cross links");
    rule r{.type = &typeid(M)};
    for (auto who : from)
      (who == role::master ? r.masters : r.nodes) = true;
    rules_.push_back(r);
    return *this;
  }

  const std::string& name() const { return name_; }
  const caf::strong_actor_ptr& to() const { return to_; }
  const std::vector<rule>& rules() const { return rules_; }

private:
  std::string name_;
  caf::strong_actor_ptr to_;
  std::vector<rule> rules_;
};

/// Tells of one portal that may be under way before the receiver grants more. Part of the protocol.
inline constexpr std::uint32_t tell_window = 256;

struct link_settings {
  duration heartbeat = 200ms;   // sent on the control lane when nothing else was
  duration lost_after = 1s;     // silence after which a link is closed
  duration redial_first = 20ms; // doubled up to redial_most, first again after a link stood
  duration redial_most = 1s;
  std::size_t kept_tells = 1024;  // per portal, without credit
  std::size_t open_asks = 65'536; // per link; more are answered too_many_requests
};

/// Events for subscribers. Facts about the whole link: a peer that redialled is down, then up.
struct link_up {
  using local_only = void;
  identity peer;
};
struct link_down {
  using local_only = void;
  identity peer;
  failure why;
};
using link_subscriber = caf::typed_actor<caf::reacts_to<link_up>, caf::reacts_to<link_down>>;

struct link_status {
  identity peer;
  bool up = false;
  instant since{}; // of the current state
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t refused =
    0; // frames for unknown portals, or of types that the peer's role may not send
  std::uint64_t dropped_tells = 0;
  std::uint64_t open_asks = 0;
};

class home;      // home.hpp
class link_host; // link_host.hpp: inside of the kernel

/// All links of one process. Thread-safe; frames are encoded on the sender's thread and decoded on
/// the transport's, without an actor between.
class links {
public:
  links(process_ptr process, message_types types, std::unique_ptr<link_transport> transport,
        link_settings settings = {});
  links(const links&) = delete;
  links& operator=(const links&) = delete;
  ~links(); // stops

  /// Begins to listen (if `at`) and to keep links. Offer first.
  result<void> start(const std::optional<endpoint>& at);
  /// Says goodbye to all peers and ends; everything open is answered.
  void stop();
  std::optional<endpoint> listening() const;

  /// Requires that all accepted types are registered. A portal of the same name is replaced.
  void offer(portal p);
  void withdraw(std::string_view portal);

  template <class Handle> Handle import(std::string_view peer, std::string_view portal) {
    return caf::actor_cast<Handle>(import_address(peer, portal));
  }

  /// Keeps a link to this peer, dialling again whenever it is down. A new address replaces the old.
  void dial(const identity& peer, const endpoint& at);
  /// Ends the link and forgets the peer's address.
  void hang_up(std::string_view peer);

  /// Told of every link that is up now and of all changes from now on, until it ends. Subscribing
  /// again (a new incarnation behind a stable handle) only repeats what is up now.
  void subscribe(const link_subscriber& who);
  std::vector<link_status> status() const;

  /// The links' own thread, for actors that stand between them (home.hpp); none in the simulation.
  std::shared_ptr<kernel::home> home() const;

private:
  caf::strong_actor_ptr import_address(std::string_view peer, std::string_view portal);
  std::shared_ptr<link_host> host_;
};

/// In a handler: the peer whose message is being handled; nothing when it came from this process.
/// (Node messages are authorized as system:node:NAME.)
std::optional<identity> current_peer(const actor_core& self);

} // namespace troupe::kernel
