// Who is where, counted per domain: what affinity, anti-affinity and spreading ask for.
//
// A term is (namespaces, selector, topology key). For each term that some pod carries, the index
// keeps how many placed pods match it and how many placed pods carry it, per domain. So asking
// "may this pod stand beside those" is one look-up, and the symmetric question ("do those bear this
// pod") as well, however many pods there are.
#pragma once

#include "actors/scheduler/picture/shape.hpp"
#include "actors/scheduler/picture/topology.hpp"

namespace troupe::scheduler {

struct term {
  // who is meant
  bool every_namespace = false;
  std::vector<name_id> namespaces;
  api::label_selector namespace_selector; // `nothing`: none
  api::label_selector selector;
  std::uint32_t owner_group = 0; // not 0: pods of this owner instead of the selector
  topology_id where = 0;
  bool graded = false; // some shape looks at how many match, not only at whether any does
  // counted
  tally matching; // placed pods that match
  tally shunned;  // placed pods that carry it as required anti-affinity
  tally pull;     // sum of weights of placed pods that prefer (or shun) its matches
};

/// Pods with the same labels in the same namespace.
struct label_set {
  name_id ns = 0;
  std::uint32_t owner_group = 0;
  api::string_map labels;
  std::vector<term_id> matched; // all terms that match it
};

} // namespace troupe::scheduler
