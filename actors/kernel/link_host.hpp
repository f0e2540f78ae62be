// Inside of the links: all of one process's, between the transport and the actors.
#pragma once

#include "actors/kernel/home.hpp"
#include "actors/kernel/link_peer.hpp"
#include "actors/kernel/supervisor.hpp"

#include <memory>
#include <set>

namespace troupe::kernel {

using link_peer_ptr = std::shared_ptr<link_peer>;

/// The keeper's own: look at what is due.
struct link_beat {
  using local_only = void;
  enum class why : std::uint8_t {
    regular, // comes back by itself, each heartbeat
    dial,    // the time that the last look named has come
    news,    // something changed
  } why = why::news;
};
using link_keeper = caf::typed_actor<proto::tell<link_beat>>;

class link_host final : public link_listener, public std::enable_shared_from_this<link_host> {
public:
  link_host(process_ptr process, message_types types, std::unique_ptr<link_transport> transport,
            link_settings settings);

  result<void> start(const std::optional<endpoint>& at);
  void stop();
  void offer(portal p);
  void withdraw(std::string_view name);
  caf::strong_actor_ptr import(std::string_view peer, std::string_view portal);
  void dial(const identity& peer, const endpoint& at);
  void hang_up(std::string_view peer);
  void subscribe(const link_subscriber& who);
  std::vector<link_status> status() const;
  const link_transport& transport() const { return *transport_; }
  const kernel::process_ptr& process() const { return process_; }
  const std::shared_ptr<kernel::home>& home() const { return home_; }

  // -- the transport's events --
  void on_up(link_id link, const identity& peer) override;
  void on_frame(link_id link, lane on, std::string bytes) override;
  void on_writable(link_id link, lane on) override;
  void on_down(link_id link, const failure& why) override;

  /// Pings, finds the silent, dials: the keeper's work. Returns when to come back for a dial.
  std::optional<time_point> beat();
  duration heartbeat() const { return settings_.heartbeat; }

private:
  struct dialled { // a peer that this process keeps a link to
    identity who;
    endpoint at;
    link_id trying{};         // 0: not now
    std::uint32_t failed = 0; // in a row
    time_point due{};
  };

  void unsubscribe(const caf::actor_addr& who);
  link_peer_ptr peer_of(const identity& who);
  link_peer_ptr peer_on(link_id link) const;
  std::shared_ptr<const portal> portal_named(std::string_view name) const;
  void end(link_peer& peer, const failure& why);
  void redial_later(dialled& d);
  void wake_keeper();
  void receive(const link_peer_ptr& peer, link_id link, lane on, const frame& f, std::size_t bytes);
  void deliver(const link_peer_ptr& peer, link_id link, lane on, const frame& f, std::size_t bytes);
  void take_answer(link_peer& peer, link_id link, const frame& f);
  caf::actor_clock& clock() const;

  process_ptr process_;
  std::shared_ptr<const message_types> types_;
  link_settings settings_;
  std::unique_ptr<link_transport> transport_;
  std::shared_ptr<kernel::home> home_; // none: the transport has no thread of its own

  mutable std::mutex mutex_; // of what follows; nobody is called while it is held but the transport
  bool stopped_ = false;
  std::map<std::string, link_peer_ptr, std::less<>> peers_;
  std::map<link_id, link_peer_ptr> by_link_;
  std::map<std::string, dialled, std::less<>> dials_;
  std::map<std::string, std::shared_ptr<const portal>, std::less<>> portals_;
  std::map<std::pair<std::string, std::string>, caf::strong_actor_ptr> imports_;
  std::map<std::string, caf::strong_actor_ptr> ends_; // answer for us, by peer
  std::vector<link_subscriber> subscribers_;
  stable<link_keeper> keeper_;
  supervisor_actor root_;

  friend class link_import;
};

/// What an imported handle points to.
caf::strong_actor_ptr make_import(const std::shared_ptr<link_host>& host, link_peer_ptr peer,
                                  std::string portal);
/// Where messages of a peer seem to come from, and where answers to it go.
caf::strong_actor_ptr make_link_end(caf::actor_system& system, link_peer_ptr peer);
/// A request id of the link's end whose response will be sent as the answer of `correlation`.
caf::message_id expect_answer(const caf::strong_actor_ptr& end, std::uint64_t generation,
                              std::uint64_t correlation);
/// A mailbox element that calls `handled` when it is handled or dropped.
caf::mailbox_element_ptr make_inbound(caf::strong_actor_ptr from, caf::message_id id,
                                      caf::message content, std::function<void()> handled);

} // namespace troupe::kernel
