// A pod as scheduling sees it, in ids: pods of one template have one shape between them.
#pragma once

#include "actors/scheduler/picture/intern.hpp"
#include "config/api/selector.hpp"
#include "config/api/views/scheduling.hpp"

namespace troupe::scheduler {

enum class effect : std::uint8_t { no_schedule, prefer_no_schedule, no_execute };

struct node_requirement {
  name_id key = 0;
  api::label_requirement::test what = api::label_requirement::test::in;
  std::vector<name_id> values;
  std::int64_t bound = 0; // of greater, less
};

struct node_term {
  std::vector<node_requirement> labels;
  std::vector<node_requirement> names; // matchFields: metadata.name
};

struct compiled_toleration {
  name_id key = 0; // 0: every key
  name_id value = 0;
  bool exists = false;
  bool any_effect = false;
  scheduler::effect effect = effect::no_schedule;
};

struct compiled_port {
  name_id ip = 0; // 0: every address
  name_id protocol = 0;
  std::int32_t port = 0;
  bool clashes(const compiled_port& o) const {
    return port == o.port && protocol == o.protocol && (ip == o.ip || ip == 0 || o.ip == 0);
  }
};

struct weighted_term {
  term_id term = 0;
  std::int32_t weight = 0; // negative: away from
};

struct spread_rule {
  term_id term = 0;
  std::int32_t max_skew = 1;
  std::int32_t min_domains = 1;
  bool required = true;
  bool matches_self = true;
};

struct shape {
  // What it takes.
  std::int64_t cpu = 0; // thousandths of a core
  std::int64_t memory = 0;
  std::int64_t storage = 0;
  std::vector<std::pair<name_id, std::int64_t>> extended;
  std::int64_t scored_cpu = 0;
  std::int64_t scored_memory = 0;
  std::vector<compiled_port> ports;
  // Where it may go.
  bool has_node_terms = false;
  std::vector<node_requirement> selector;
  std::vector<node_term> node_terms;
  std::vector<std::pair<std::int32_t, node_term>> preferred_nodes;
  std::vector<compiled_toleration> tolerations;
  std::vector<name_id>
    only_nodes; // by name, when its terms name them (DaemonSets): no need to look elsewhere
  bool names_nodes = false;
  // Beside whom.
  std::uint32_t label_set = 0;
  std::uint32_t owner = 0; // its group: pods of one controller; 0: none
  std::vector<term_id> affinity;
  std::vector<term_id> anti_affinity;
  std::vector<bool> affinity_matches_self; // per term of affinity
  std::vector<weighted_term> preferred;
  std::vector<spread_rule> spread;
  std::vector<name_id> images;
  std::uint32_t users = 0; // pods in the picture
};

/// Everything of a demand that makes a difference, as bytes: equal text, equal shape.
std::string shape_key(const views::pod_demand& d);

} // namespace troupe::scheduler
