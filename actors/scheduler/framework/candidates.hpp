// The nodes of one shape, best first, kept from decision to decision.
//
// Deciding again for the same shape looks only at the nodes that changed since: after ten thousand
// pods of one template a decision costs one or two evaluations, not five thousand.
#pragma once

#include "actors/scheduler/framework/evaluate.hpp"
#include "config/base/random.hpp"

namespace troupe::scheduler {

/// For a shape that is not worth a table: the best of the first `enough` nodes that pass, looking
/// from `start` on; `start` moves to where it stopped. (Kubernetes' percentageOfNodesToScore)
node_id sample(const context& c, node_id& start, std::size_t enough, random_source& random);
/// How many nodes that pass are enough among so many: all up to 100, then a share down to 5 %.
std::size_t enough_of(std::size_t nodes);

class candidates {
public:
  /// Brings the candidates up to date with the picture.
  void refresh(const picture& p, const shape& s);
  /// One of the best at random; no_node: none passes the filters.
  node_id best(random_source& random) const;
  /// Nodes that pass.
  std::size_t count() const { return count_; }

private:
  void rebuild(const context& c);
  void look(const context& c, node_id n);
  void insert(node_id n, std::int32_t score);
  void remove(node_id n);

  struct outlook {
    std::vector<std::int32_t> least;
    std::vector<std::uint8_t> nobody_yet;
    bool operator==(const outlook&) const = default;
  };

  bool fresh_ = true;
  std::uint64_t seen_ = 0;
  std::uint64_t epoch_ = 0;
  outlook outlook_;
  eligibility eligible_;
  std::vector<std::int32_t> score_;          // by node; -1: does not pass
  std::vector<std::uint32_t> place_;         // by node: where in its bucket
  std::vector<std::vector<node_id>> bucket_; // by score
  mutable std::int32_t top_ = -1;            // no bucket above it holds anything
  std::size_t count_ = 0;
};

} // namespace troupe::scheduler
