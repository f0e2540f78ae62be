#include "actors/api/apply/apply.hpp"

#include "actors/api/apply/shared.hpp"
#include "actors/api/apply/typed.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace troupe::apply {
namespace {

using json = nlohmann::json;

constexpr std::string_view first_manager = "before-first-apply";

/// What is there before the first apply belongs to somebody: nothing of it is lost unasked.
void record_the_past(managers& m, const writing& w, const json& live) {
  auto past = w;
  past.manager = first_manager;
  past.subresource.clear();
  past.concerns = {};
  record_update(m, past, nullptr, live);
}

/// All that is owned, the applier's new claim included, by the version that it is said in.
std::map<std::string, path_set> all_claims(const managers& m, const writing& w, const identity& me,
                                           const path_set& mine) {
  std::map<std::string, path_set> out{{w.api_version, mine}};
  for (const auto& e : m.entries())
    if (e.who() != me)
      out[e.api_version].unite(e.fields.set());
  return out;
}

const schema::type* type_in(const writing& w, const std::string& api_version) {
  if (api_version == w.api_version)
    return w.of;
  return w.others ? w.others->find(api_version) : nullptr;
}

/// Puts back what was pruned and is owned in another version; both trees are of that version.
void restore(const schema::type& of, const json& whole, json& pruned, path_set owned) {
  owned.unite(fields_of(of, pruned));
  pruned = whole;
  prune(of, pruned, fields_of(of, whole), owned);
}

/// Removes what the manager applied the last time and nobody owns now, whatever the versions in
/// which it was applied and is owned. (Kubernetes' structured merge does so one by one, too.)
void prune_for(json& tree, const managers& m, const writing& w, const entry& last,
               const path_set& mine) {
  const auto* of = type_in(w, last.api_version);
  if (!of)
    return; // a version that nobody speaks any more: what it said cannot be found
  auto owned = all_claims(m, w, last.who(), mine);
  auto at = last.api_version;
  auto alone = owned.size() == 1 && at == w.api_version;
  if (alone)
    return prune(*of, tree, last.fields.set(), owned[at]);
  auto in = [&](const json& t, const std::string& version) {
    return version == at ? t : w.others->convert(t, version);
  };
  auto whole = at == w.api_version ? std::move(tree) : w.others->convert(tree, at);
  auto pruned = whole;
  prune(*of, pruned, last.fields.set(), owned[at]);
  for (auto& [version, claims] : owned) {
    const auto* there = version == last.api_version ? nullptr : type_in(w, version);
    if (!there)
      continue;
    whole = in(whole, version);
    pruned = in(pruned, version);
    at = version;
    restore(*there, whole, pruned, std::move(claims));
  }
  tree = in(pruned, w.api_version);
}

std::string in_quotes(std::string_view text) { return json(text).dump(); }

std::string name_of(const identity& who) {
  auto out = in_quotes(who.manager);
  if (!who.subresource.empty())
    out += " with subresource " + in_quotes(who.subresource);
  if (who.how == operation::update)
    out += " using " + who.api_version;
  return out;
}

std::string message_of(const std::vector<conflict>& conflicts, const std::vector<cause>& causes) {
  if (causes.size() == 1)
    return "Apply failed with 1 conflict: " + causes[0].message + ": " + causes[0].field;
  std::string out = "Apply failed with " + std::to_string(causes.size()) + " conflicts: ";
  auto first = true;
  for (const auto& c : conflicts) {
    out += std::string{std::exchange(first, false) ? "" : "\n"} + "conflicts with "
           + name_of(c.with) + ":";
    c.fields.each([&](const path& p) { out += "\n- " + to_text(p); });
  }
  return out;
}

} // namespace

outcome apply(managers& m, const writing& w, const json* live, const json& config, bool force) {
  static const json nothing = json::object();
  auto now = m;
  if (now.empty() && live)
    record_the_past(now, w, *live);
  identity me{w.manager, operation::apply, {}, w.subresource};
  auto mine = fields_of(*w.of, config);
  confine(mine, w);
  outcome out{.tree = merge(*w.of, live ? *live : nothing, config), .conflicts = {}};
  if (const auto* last = now.find(me))
    prune_for(out.tree, now, w, *last, mine);
  auto changes = compare_for(w, live, out.tree);
  views seen{w, live, out.tree, changes};
  std::vector<entry> kept;
  for (auto& e : now.entries()) {
    const auto* there = e.who() == me ? nullptr : seen.in(e.api_version);
    if (!there)
      continue; // me, or somebody whose version nobody speaks any more
    if (e.fields.may_meet(there->changed))
      if (auto met = e.fields.set().intersection(there->changed); !met.empty())
        out.conflicts.push_back({e.who(), std::move(met)});
    e.fields.subtract(there->changed);
    e.fields.subtract(there->removed);
    if (!e.fields.empty())
      kept.push_back(std::move(e));
  }
  if (!force && !out.conflicts.empty()) {
    std::sort(out.conflicts.begin(), out.conflicts.end(),
              [](const conflict& a, const conflict& b) { return a.with < b.with; });
    return out;
  }
  out.conflicts.clear();
  strip(mine);
  if (!mine.empty())
    kept.push_back({.manager = w.manager,
                    .how = operation::apply,
                    .api_version = w.api_version,
                    .subresource = w.subresource,
                    .time = w.time,
                    .fields = claim{std::move(mine)}});
  now.entries() = std::move(kept);
  now.cap();
  m = std::move(now);
  return out;
}

failure conflict_failure(const std::vector<conflict>& conflicts) {
  failure out{.reason = reason::conflict, .message = {}};
  for (const auto& c : conflicts)
    c.fields.each([&](const path& p) {
      out.causes.push_back({.field = to_text(p),
                            .type = "FieldManagerConflict",
                            .message = "conflict with " + name_of(c.with)});
    });
  out.message = message_of(conflicts, out.causes);
  return out;
}

} // namespace troupe::apply
