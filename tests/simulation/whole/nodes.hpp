// Hollow nodes: whole kubelets on the simulated runtime, each a process with links to all masters.
#pragma once

#include "actors/client/informer.hpp"
#include "runtime/fake/driver.hpp"
#include "tests/simulation/cluster.hpp"

namespace troupe::sim {

/// One life of a node. What ran in it ends with it, as with a power cut.
struct node_life {
  explicit node_life(const kernel::process_ptr& p);
  kernel::process_ptr process;
  std::unique_ptr<kernel::links> links;
  kernel::stable<client::api_actor> api;
  kernel::stable<client::informer_actor> pods;
  kernel::stable<client::informer_actor> services;
  std::shared_ptr<std::shared_ptr<fake::driver>> runtime =
    std::make_shared<std::shared_ptr<fake::driver>>();
  kernel::supervisor_actor root;
  bool doomed = false; // killed was what its process cannot go on without
};

class nodes {
public:
  nodes(cluster& c, std::size_t how_many);
  ~nodes();
  nodes(const nodes&) = delete;
  nodes& operator=(const nodes&) = delete;

  std::size_t size() const { return all_.size(); }
  const std::string& name(std::size_t at) const { return all_[at].name; }
  bool up(std::size_t at) const { return all_[at].now != nullptr; }
  void start(std::size_t at);
  void crash(std::size_t at, duration down);
  bool kill_an_actor(std::size_t at);
  /// The runtime answers nothing, or again.
  void set_runtime_away(std::size_t at, bool away);
  /// The uids of the pods that have a sandbox there. Lets time pass.
  std::vector<std::string> sandboxes(std::size_t at);

private:
  struct one {
    std::string name;
    std::shared_ptr<node_life> now; // null: down
    std::uint64_t lives = 0;
  };
  kernel::tree tree(std::size_t at, const std::shared_ptr<node_life>& l);

  cluster& c_;
  std::vector<one> all_;
  std::vector<std::shared_ptr<node_life>> past_;
};

} // namespace troupe::sim
