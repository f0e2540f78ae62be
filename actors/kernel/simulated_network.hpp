// The network of a simulation: a link_transport per process on virtual time, with faults.
#pragma once

#include "actors/kernel/simulation.hpp"
#include "actors/kernel/transport.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::kernel {

struct network_settings {
  duration least_delay = 50us; // one way, drawn per frame; order per lane is kept
  duration most_delay = 500us;
  duration connect_deadline = 5s;
  std::size_t buffer = std::size_t{8} << 20; // bytes per lane and direction; then `full`
};

/// A host is named by its process's name: endpoint{"master-0", 1} is where master-0 listens.
class simulated_network {
public:
  explicit simulated_network(simulation& world, network_settings settings = {});
  simulated_network(const simulated_network&) = delete;
  simulated_network& operator=(const simulated_network&) = delete;
  ~simulated_network();

  /// The end of the cable in one process.
  std::unique_ptr<link_transport> attach(const process_ptr& process);

  /// Nothing gets from `from` to `to` any more; it waits (as TCP does) and flows after the heal.
  void cut(std::string_view from, std::string_view to);
  /// Both ways, between each of the one and each of the other.
  void partition(const std::vector<std::string>& one, const std::vector<std::string>& other);
  void heal(std::string_view from, std::string_view to);
  void heal_all();

  /// A paused process's end: what comes to it waits, as in its machine's buffers, until release().
  void hold(std::string_view process);
  void release(std::string_view process);

  /// Frames between the two take `extra` longer (clogging); 0s ends it.
  void slow(std::string_view from, std::string_view to, duration extra);

  /// Breaks all links between the two: frames under way are lost, each end hears of it.
  void reset(std::string_view one, std::string_view other);

  /// The process is gone: its peers hear a reset, unless they are cut off. Part of a crash.
  void unplug(std::string_view process);

  std::uint64_t delivered() const; // frames
  std::uint64_t lost() const;      // frames that were under way when their link ended

  struct impl;

private:
  std::shared_ptr<impl> impl_;
};

} // namespace troupe::kernel
