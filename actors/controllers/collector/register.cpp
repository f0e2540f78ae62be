#include "actors/controllers/collector/plan.hpp"
#include "actors/controllers/registrations.hpp"
#include "config/schema/schema.hpp"

#include <algorithm>

namespace troupe::control {
namespace {

std::string key_for(const collector::identity& who) {
  return who.of.plural + '.' + who.of.group + '/' + who.ns + '/' + who.name + '/' + who.uid;
}

/// The graph with the identities of the keys that are under way.
struct memory {
  explicit memory(collector::kind_map kinds) : graph(std::move(kinds)) {}
  collector::graph graph;
  std::map<std::string, collector::identity> named;

  void hand_out(keys& due) {
    while (auto who = graph.next()) {
      auto key = key_for(*who);
      due.insert(key);
      named.insert_or_assign(std::move(key), std::move(*who));
    }
  }
};

collector::kind_map kinds_of(const schema::catalog& catalog, const std::vector<resource>& watched) {
  std::map<std::pair<std::string, std::string>, collector::kind_info> known;
  for (const auto* r : catalog.resources()) {
    auto at = std::find_if(watched.begin(), watched.end(), [&](const auto& w) {
      return w.group == r->group && w.plural == r->plural;
    });
    if (at != watched.end()) // whatever version the reference names, the object is the same
      known.emplace(std::pair{std::string{r->group}, std::string{r->kind}},
                    collector::kind_info{*at, r->namespaced});
  }
  return [known = std::move(known)](std::string_view api_version,
                                    std::string_view kind) -> std::optional<collector::kind_info> {
    auto slash = api_version.find('/');
    auto group = slash == api_version.npos ? std::string_view{} : api_version.substr(0, slash);
    auto at = known.find({std::string{group}, std::string{kind}});
    return at == known.end() ? std::nullopt : std::optional{at->second};
  };
}

} // namespace

std::vector<resource> collectable(const schema::catalog& catalog) {
  constexpr auto needed = schema::verb_list | schema::verb_watch | schema::verb_delete;
  std::vector<resource> out;
  for (const auto* r : catalog.resources()) {
    bool seen = std::any_of(out.begin(), out.end(), [&](const auto& o) {
      return o.group == r->group && o.plural == r->plural;
    });
    if (!seen && (r->verbs & needed) == needed && r->plural != "events")
      out.push_back({std::string{r->group}, std::string{r->version}, std::string{r->plural}});
  }
  return out;
}

registration collector_controller(const schema::catalog& catalog, std::vector<resource> watched) {
  registration out;
  out.name = "garbage-collector";
  out.component = "garbage-collector-controller";
  auto known = std::make_shared<memory>(kinds_of(catalog, watched));
  out.reads = std::move(watched);
  out.concerns = [known](const cache&, const resource& of, const api::object_ptr& now,
                         const api::object_ptr& before, keys& due) {
    if (before && (!now || now->meta.uid != before->meta.uid))
      known->graph.gone(before->meta.uid);
    if (now)
      known->graph.put(of, now->meta);
    known->hand_out(due);
  };
  out.plan = [known](const cache& c, const std::string& key, const moment&) -> actions {
    auto at = known->named.find(key);
    if (at == known->named.end())
      return {};
    auto o = collector::observe(known->graph, at->second, [&](const collector::identity& who) {
      auto found = c.get(who.of, who.ns, who.name);
      return found ? std::optional{found->meta} : std::nullopt;
    });
    auto orders = o ? collector::plan(*o) : actions{};
    if (orders.empty())
      known->named.erase(at); // until it is named again
    return orders;
  };
  out.questions = [known] {
    std::vector<registration::question> all;
    for (auto& q : known->graph.questions())
      all.push_back({q.of, q.ns, q.name, q.uid});
    return all;
  };
  out.answered = [known](const registration::question& q, bool there, keys& due) {
    if (!there)
      known->graph.absent(q.uid);
    known->hand_out(due);
  };
  return out;
}

} // namespace troupe::control
