// What is the same for all nodes while one shape is being placed. Plugins read it, nobody changes
// it.
#pragma once

#include "actors/scheduler/framework/verdict.hpp"
#include "actors/scheduler/picture/picture.hpp"

namespace troupe::scheduler {

struct context {
  const scheduler::picture& picture;
  const scheduler::shape& shape;
  std::vector<term_id> shunning;   // terms of placed pods that do not bear this shape somewhere
  std::vector<term_id> pulling;    // terms of placed pods that like or dislike it somewhere
  std::vector<std::int32_t> least; // per spread rule: the fewest matches in any eligible domain
  std::vector<std::uint8_t> nobody_yet; // per affinity term: no pod matches it anywhere
  std::int32_t preferred_weight = 0;    // sum of preferred node affinity weights
};

/// `eligible`: whether a domain counts for a spread rule: some node there passes the node affinity.
struct eligibility {
  std::vector<std::vector<std::uint8_t>> domains; // per spread rule, per domain
};

eligibility find_eligible(const picture& p, const shape& s);
context make_context(const picture& p, const shape& s, const eligibility& e);
/// Verdicts made under `a` hold under `b` for nodes that did not change.
bool same_outlook(const context& a, const context& b);

} // namespace troupe::scheduler
