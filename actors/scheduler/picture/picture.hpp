// The cluster as the scheduler keeps it: columns per node, sums per domain, changed piece by piece.
#pragma once

#include "actors/scheduler/picture/terms.hpp"

#include <span>

namespace troupe::scheduler {

struct compiled_taint {
  name_id key = 0;
  name_id value = 0;
  scheduler::effect effect = effect::no_schedule;
  bool operator==(const compiled_taint&) const = default;
};

/// One array per number that filters and scores read: they walk thousands of nodes.
struct node_columns {
  std::vector<std::int64_t> cpu, cpu_used, cpu_scored;
  std::vector<std::int64_t> memory, memory_used, memory_scored;
  std::vector<std::int64_t> storage, storage_used;
  std::vector<std::int32_t> pods, pods_used;
  std::vector<std::uint8_t> live, unschedulable;
};

/// What few pods ask for.
struct node_rest {
  name_id name = 0;
  std::vector<std::pair<name_id, name_id>> labels; // sorted by key
  std::vector<compiled_taint> taints;
  std::vector<std::pair<name_id, std::int64_t>> extended; // allocatable
  std::vector<std::pair<name_id, std::int64_t>> extended_used;
  std::vector<compiled_port> ports;                     // in use
  std::vector<std::pair<name_id, std::int64_t>> images; // sorted by name
  std::vector<pod_id> placed;
};

/// What became different about a node: which waiting pods may profit.
enum node_change : std::uint8_t {
  node_same = 0,
  node_added = 1,
  node_resources = 2, // allocatable
  node_labels = 4,
  node_taints = 8, // or cordoned, or uncordoned
};

struct pod_entry {
  std::string ns;
  std::string name;
  std::string uid;
  shape_id shape = 0;
  std::int64_t priority = 0;
  node_id node = no_node; // where its resources are counted
  bool live = false;
  bool preempts = true;
  bool terminating = false;
  instant created{};
};

class picture {
public:
  // -- what the informers say -------------------------------------------------

  /// Answers node_change bits.
  std::uint8_t put_node(const views::node_supply& n);
  void drop_node(std::string_view name);
  void put_namespace(const std::string& name, const api::string_map& labels);

  /// A pod known by uid; of an unknown one the shape is compiled. Does not place it.
  pod_id put_pod(const views::pod_demand& d);
  void drop_pod(pod_id p);
  const pod_id* find_pod(std::string_view uid) const;

  /// Counts the pod on a node (bound, assumed or reserved); moves it if it was elsewhere.
  void place(pod_id p, node_id n);
  /// Also on a node that is not known (yet, or any more).
  void place(pod_id p, std::string_view node_name) { place(p, slot_for(node_name)); }
  void displace(pod_id p);

  // -- what plugins read ------------------------------------------------------

  const node_columns& columns() const { return columns_; }
  const node_rest& rest(node_id n) const { return rest_[n]; }
  const shape& shape_of(shape_id s) const { return shapes_[s]; }
  const pod_entry& pod(pod_id p) const { return pods_[p]; }
  const scheduler::term& term_of(term_id t) const { return terms_[t]; }
  const topology& topology_of(topology_id t) const { return topologies_[t]; }
  domain_id domain(const scheduler::term& t, node_id n) const {
    return topologies_[t.where].of_node[n];
  }
  /// Terms that match pods of this shape: who might shun or like them.
  std::span<const term_id> matched(std::uint32_t label_set_id) const {
    return sets_[label_set_id].matched;
  }
  /// The spreading group of a shape's owner over single nodes; nullptr: it has no owner.
  const scheduler::term* owner_term(const shape& s) const {
    return s.owner == 0 ? nullptr : &terms_[owner_terms_[s.owner]];
  }
  node_id find_node(std::string_view name) const;
  /// Shapes that no pod has any more; when they prevail, a fresh picture is due.
  std::size_t unused_shapes() const { return unused_; }
  std::size_t shapes() const { return shapes_.size(); }
  /// Slots, live or not.
  std::size_t slots() const { return rest_.size(); }
  std::size_t nodes() const { return live_nodes_; }
  std::size_t pods() const { return by_uid_.size(); }
  const std::string& text(name_id id) const { return names_.text(id); }
  const interner& names() const { return names_; }

  // -- what changed -----------------------------------------------------------

  /// How many changes there were so far. A change names the node whose verdicts may differ.
  std::uint64_t now() const { return log_start_ + log_.size(); }
  /// The nodes changed since; nullopt: too much changed, look at all.
  std::optional<std::span<const node_id>> since(std::uint64_t then) const;
  /// Goes up with every change: equal, nothing happened in between.
  std::uint64_t changes() const { return changes_; }
  /// Goes up when verdicts may differ everywhere.
  std::uint64_t epoch() const { return epoch_; }

private:
  node_id slot_for(std::string_view name);
  void free_slot(node_id n);
  shape compile(const views::pod_demand& d);
  void compile_terms(const views::pod_demand& d, shape& s);
  node_term compile(const views::node_term& t);
  node_requirement compile(const api::label_requirement& r);
  term_id term_for(scheduler::term t, const std::string& key);
  term_id term_for(const views::pod_term& t, const std::string& own_namespace);
  std::uint32_t set_for(const views::pod_demand& d, std::uint32_t owner);
  bool in_scope(const scheduler::term& t, const label_set& s) const;
  void match_again();
  std::uint32_t owner_for(const views::pod_demand& d);
  topology_id topology_for(std::string_view key);
  bool matches(const scheduler::term& t, const label_set& s) const;
  void count(pod_id p, std::int32_t sign);
  void count_terms(const shape& s, node_id n, std::int32_t sign);
  void bump(tally& counts, const scheduler::term& t, node_id n, std::int32_t by, bool graded);
  void join(topology& t, node_id n);
  void join_topologies(node_id n);
  void leave_topologies(node_id n);
  void note(node_id n);
  void recount(scheduler::term& t);
  std::uint8_t put_labels(node_id n, const api::string_map& labels);
  std::uint8_t put_amounts(node_id n, const views::amounts& allocatable);

  interner names_;
  node_columns columns_;
  std::vector<node_rest> rest_;
  std::unordered_map<name_id, node_id> by_name_;
  std::vector<node_id> free_nodes_;

  std::vector<pod_entry> pods_;
  std::unordered_map<std::string, pod_id> by_uid_;
  std::vector<pod_id> free_pods_;

  std::deque<shape> shapes_;
  std::unordered_map<std::string, shape_id> by_key_;
  std::deque<scheduler::term> terms_;
  std::vector<term_id> selector_terms_; // all but those of owners
  std::unordered_map<std::string, term_id> term_ids_;
  std::deque<label_set> sets_;
  std::unordered_map<std::string, std::uint32_t> set_ids_;
  std::vector<topology> topologies_;
  std::vector<term_id> owner_terms_{0}; // by owner group; 0 is nobody
  std::unordered_map<std::string, std::uint32_t> owner_ids_;
  std::unordered_map<name_id, api::string_map> namespaces_;

  std::vector<node_id> log_;
  std::uint64_t log_start_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t changes_ = 0;
  std::size_t unused_ = 0;
  std::size_t live_nodes_ = 0;
};

} // namespace troupe::scheduler
