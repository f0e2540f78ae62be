// ReplicaSet, ReplicationController and Deployment as their controllers read them.
#pragma once

#include "config/api/selector.hpp"
#include "config/api/views/condition.hpp"

namespace troupe::views {

struct replica_set {
  struct counts {
    std::int64_t replicas = 0;
    std::int64_t fully_labeled = 0;
    std::int64_t ready = 0;
    std::int64_t available = 0;
    std::int64_t observed_generation = 0;
    std::vector<condition> conditions;
    bool operator==(const counts&) const = default;
  };
  api::metadata meta;
  std::int64_t replicas = 1;
  std::int64_t min_ready_seconds = 0;
  api::label_selector selector;
  std::string pod_template; // JSON
  counts status;
  bool operator==(const replica_set&) const = default;

  /// Also reads a ReplicationController (its selector is a plain map).
  static result<replica_set> from(const api::object& o);
};

/// An IntOrString that counts replicas: a number or a share of them.
struct share {
  std::int64_t value = 0;
  bool percent = false;
  bool operator==(const share&) const = default;

  std::int64_t of(std::int64_t total, bool round_up) const;
};

struct deployment {
  struct counts {
    std::int64_t observed_generation = 0;
    std::int64_t replicas = 0;
    std::int64_t updated = 0;
    std::int64_t ready = 0;
    std::int64_t available = 0;
    std::int64_t unavailable = 0;
    std::int64_t collisions = 0; // collisionCount
    std::vector<condition> conditions;
    bool operator==(const counts&) const = default;
  };
  api::metadata meta;
  std::int64_t replicas = 1;
  api::label_selector selector;
  std::string selector_json;
  std::string pod_template; // JSON
  bool recreate = false;    // strategy: Recreate or RollingUpdate
  share max_surge{25, true};
  share max_unavailable{25, true};
  std::int64_t min_ready_seconds = 0;
  std::int64_t history_limit = 10;      // revisionHistoryLimit
  std::int64_t progress_deadline = 600; // seconds; 2^31-1 stands for none
  bool paused = false;
  counts status;
  bool operator==(const deployment&) const = default;

  static result<deployment> from(const api::object& o);
};

} // namespace troupe::views
