#include "actors/scheduler/plugins/node_affinity/plugin.hpp"

#include <charconv>

namespace troupe::scheduler {
namespace {

using test = api::label_requirement::test;

/// `value`: nullptr when the node lacks the label.
bool satisfied(const picture& p, const node_requirement& r, const name_id* value) {
  auto listed = [&] {
    return std::find(r.values.begin(), r.values.end(), *value) != r.values.end();
  };
  switch (r.what) {
  case test::in: return value != nullptr && listed();
  case test::not_in: return value == nullptr || !listed();
  case test::exists: return value != nullptr;
  case test::absent: return value == nullptr;
  case test::greater:
  case test::less: {
    if (value == nullptr)
      return false;
    const auto& text = p.text(*value);
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
      return false;
    return r.what == test::greater ? number > r.bound : number < r.bound;
  }
  }
  return false;
}

bool label_holds(const picture& p, const node_requirement& r, node_id n) {
  const auto& labels = p.rest(n).labels;
  auto at = std::lower_bound(labels.begin(), labels.end(), std::pair{r.key, name_id{0}});
  return satisfied(p, r, at != labels.end() && at->first == r.key ? &at->second : nullptr);
}

} // namespace

bool node_affinity::holds(const picture& p, const node_term& t, node_id n) {
  return std::all_of(t.labels.begin(), t.labels.end(),
                     [&](const auto& r) { return label_holds(p, r, n); })
         && std::all_of(t.names.begin(), t.names.end(),
                        [&](const auto& r) { return satisfied(p, r, &p.rest(n).name); });
}

bool node_affinity::wanted(const picture& p, const shape& s, node_id n) {
  if (!std::all_of(s.selector.begin(), s.selector.end(),
                   [&](const auto& r) { return label_holds(p, r, n); }))
    return false;
  return !s.has_node_terms
         || std::any_of(s.node_terms.begin(), s.node_terms.end(),
                        [&](const auto& t) { return holds(p, t, n); });
}

verdict node_affinity::filter(const context& c, node_id n) {
  return wanted(c.picture, c.shape, n) ? verdict{} : verdict{why::node_affinity};
}

std::int32_t node_affinity::score(const context& c, node_id n) {
  std::int32_t sum = 0;
  for (const auto& [weight, t] : c.shape.preferred_nodes)
    sum += holds(c.picture, t, n) ? weight : 0;
  return c.preferred_weight == 0 ? 0 : 100 * sum / c.preferred_weight;
}

} // namespace troupe::scheduler
