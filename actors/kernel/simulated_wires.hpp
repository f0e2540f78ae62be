// Inside of the simulated network: hosts, wires between them, and what is under way on each.
#pragma once

#include "actors/kernel/simulated_network.hpp"

#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace troupe::kernel {
namespace simulated {

struct host; // one attached process

/// One direction of one lane: what is under way, in order.
struct stream {
  struct item {
    instant due;
    std::string bytes;
  };
  std::deque<item> items;
  std::size_t bytes = 0;      // of the items
  std::size_t unconsumed = 0; // delivered
  bool was_full = false;
  bool pumping = false; // an event for it is scheduled
};

struct side {
  std::shared_ptr<host> at;
  link_id link{};
  bool open = false;             // its process thinks that the link stands
  std::array<stream, 2> outward; // by lane
  bool fin = false;              // its end is under way to the other side
};

struct wire {
  std::array<side, 2> sides; // 0 dialled
};
using wire_ptr = std::shared_ptr<wire>;

struct host {
  identity who;
  link_listener* events = nullptr; // null: not started, stopped or unplugged
  std::optional<endpoint> listening;
  std::uint64_t last_link = 0;
  std::map<link_id, std::pair<wire_ptr, std::size_t>> links; // and which side
  std::set<link_id> dialling;
};
using host_ptr = std::shared_ptr<host>;

} // namespace simulated

struct simulated_network::impl : std::enable_shared_from_this<impl> {
  impl(simulation& w, network_settings s) : world(w), settings(s), random(w.random()()) {}

  duration delay(const std::string& from, const std::string& to) {
    auto span = static_cast<std::uint64_t>((settings.most_delay - settings.least_delay).count());
    auto extra = slowed.find({from, to});
    return settings.least_delay + duration{random.below(span + 1)}
           + (extra == slowed.end() ? duration{} : extra->second);
  }
  bool is_cut(const std::string& from, const std::string& to) const {
    return cuts.contains({from, to}) || held.contains(to);
  }
  void later(duration d, std::function<void()> what) {
    world.after(d, [self = shared_from_this(), what = std::move(what)] { what(); });
  }

  // -- connecting --

  void attempt(const simulated::host_ptr& from, link_id link, const endpoint& to,
               const identity& expected, instant deadline);
  void establish(const simulated::host_ptr& from, link_id link, const simulated::host_ptr& to);
  void complete(const simulated::wire_ptr& w, link_id link);
  void fail_dial(const simulated::host_ptr& from, link_id link, failure why);

  // -- frames --

  link_transport::sent send(const simulated::host_ptr& from, link_id link, lane on,
                            std::string&& bytes);
  void pump(const simulated::wire_ptr& w, std::size_t from, std::size_t on);
  void schedule(const simulated::wire_ptr& w, std::size_t from, std::size_t on, duration in);
  void consumed(const simulated::host_ptr& at, link_id link, lane on, std::size_t bytes);

  // -- ends --

  /// One side's process hears (or not) that the link is down; whatever was to come to it is lost.
  void drop(const simulated::wire_ptr& w, std::size_t which, const failure& why, bool tell);
  /// The news of the end travel to the other side.
  void send_fin(const simulated::wire_ptr& w, std::size_t from);
  void close(const simulated::host_ptr& at, link_id link, const failure& why);
  void lose(simulated::side& sender);
  void heal();

  simulation& world;
  network_settings settings;
  random_source random;
  std::map<std::string, simulated::host_ptr> hosts;
  std::vector<std::weak_ptr<simulated::wire>> wires;
  std::set<std::pair<std::string, std::string>> cuts;
  std::set<std::string> held; // by paused processes
  std::map<std::pair<std::string, std::string>, duration> slowed;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
};

} // namespace troupe::kernel
