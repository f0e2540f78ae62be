// Who owns what after a write.
#include "actors/api/apply/apply.hpp"
#include "actors/api/apply/shared.hpp"
#include "actors/api/apply/typed.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::apply {
namespace {

using json = nlohmann::json;

/// Nobody's fields: the server's own, and the object's name.
const path_set& system_fields() {
  static const path_set set = [] {
    path_set out;
    auto of = [](std::string_view name) { return step{step::kind::field, std::string{name}}; };
    for (const char* name : {"apiVersion", "kind", "metadata"})
      out.insert({of(name)});
    for (const char* name : {"name", "namespace", "creationTimestamp", "selfLink", "uid",
                             "clusterName", "generation", "managedFields", "resourceVersion"})
      out.insert({of("metadata"), of(name)});
    return out;
  }();
  return set;
}

} // namespace

void strip(path_set& set) { set.subtract(system_fields()); }

void confine(path_set& set, const writing& w) {
  if (w.concerns)
    set.keep_roots(
      [&](const step& s) { return s.what == step::kind::field && w.concerns(s.text); });
}

difference compare_for(const writing& w, const json* before, const json& after) {
  auto out = before ? compare(*w.of, *before, after) : compare_with_nothing(*w.of, after);
  confine(out.changed, w);
  confine(out.removed, w);
  return out;
}

views::views(const writing& w, const json* before, const json& after, const difference& own)
    : w_(w), before_(before), after_(after) {
  by_version_.emplace(w.api_version, &own);
}

const difference* views::in(const std::string& api_version) {
  if (auto known = by_version_.find(api_version); known != by_version_.end())
    return known->second;
  const auto* of = w_.others ? w_.others->find(api_version) : nullptr;
  if (!of)
    return by_version_.emplace(api_version, nullptr).first->second;
  auto other = w_;
  other.of = of;
  auto after = w_.others->convert(after_, api_version);
  auto before = before_ ? w_.others->convert(*before_, api_version) : json();
  made_.push_back(compare_for(other, before_ ? &before : nullptr, after));
  return by_version_.emplace(api_version, &made_.back()).first->second;
}

void record_update(managers& m, const writing& w, const json* before, const json& after) {
  auto changes = compare_for(w, before, after);
  auto taken = m.empty() ? std::move(changes.changed) : changes.changed; // nobody else will look
  strip(taken);
  strip(changes.removed); // the system's comings and goings are nobody's business
  if (taken.empty() && changes.removed.empty())
    return;
  views seen{w, before, after, changes};
  auto& all = m.entries();
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](entry& e) {
                             const auto* there = seen.in(e.api_version);
                             if (!there)
                               return true; // nobody speaks that version any more
                             e.fields.subtract(there->changed);
                             e.fields.subtract(there->removed);
                             return e.fields.empty();
                           }),
            all.end());
  if (!taken.empty()) {
    auto& mine = m.at({w.manager, operation::update, w.api_version, w.subresource}, w.api_version);
    if (mine.fields.empty())
      mine.fields = claim{std::move(taken)};
    else
      mine.fields.unite(taken);
    mine.time = w.time;
  }
  m.cap();
}

} // namespace troupe::apply
