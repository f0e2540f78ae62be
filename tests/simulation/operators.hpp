// Those who run the cluster: they take masters in, remove them and replace dead ones, whatever the
// weather, and ask again until they know what became of it.
#pragma once

#include "tests/simulation/fault_clock.hpp"

namespace troupe::sim {

class operators {
public:
  explicit operators(cluster& c);
  operators(const operators&) = delete;
  operators& operator=(const operators&) = delete;

  /// Nothing new is begun.
  void stop() { clock_.stop(); }
  /// What was begun is done: joined, or removed for good. A master that lost its log meanwhile is
  /// removed too.
  bool idle();

private:
  void change();
  void grow();
  void shrink(bool dead);
  bool remove_lost();
  void ask_in(std::size_t at);
  void ask_out(std::size_t at);
  std::vector<std::size_t> staying() const;
  std::optional<std::size_t> somebody_up();

  cluster& c_;
  bool busy_ = false;
  bool replacing_ = false; // the next change is a join
  fault_clock clock_;
};

} // namespace troupe::sim
