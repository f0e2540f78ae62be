// DELETE: at once, after a grace period, or when the last finalizer is gone.
#include "actors/api/pipeline/remove.hpp"

#include "actors/api/pipeline/answer.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/change.hpp"
#include "actors/api/pipeline/list.hpp"
#include "actors/api/pipeline/update.hpp"
#include "actors/api/rules/checks.hpp"

#include <algorithm>
#include <array>

namespace troupe::pipeline {
namespace {

constexpr std::string_view foreground = "foregroundDeletion";
constexpr std::string_view orphan = "orphan";

bool is_core(const context& c, std::string_view plural) {
  return c.of.group.empty() && c.of.plural == plural;
}

/// Kinds whose delete answers with the object instead of a Status.
bool returns_object(const context& c) {
  constexpr std::array<std::string_view, 9> kinds{"pods",
                                                  "services",
                                                  "namespaces",
                                                  "persistentvolumes",
                                                  "persistentvolumeclaims",
                                                  "podtemplates",
                                                  "resourcequotas",
                                                  "serviceaccounts",
                                                  "nodes"};
  return c.of.group.empty() && std::find(kinds.begin(), kinds.end(), c.of.plural) != kinds.end()
         && c.of.plural != "nodes";
}

/// Seconds that an object may take to go; 0: at once.
std::int64_t grace_of(const context& c, const json& tree, const api::options& o) {
  if (!is_core(c, "pods"))
    return 0;
  const auto& spec = rules::member(tree, "spec");
  auto phase = rules::text_of(rules::member(tree, "status"), "phase");
  if (rules::text_of(spec, "nodeName").empty() || phase == "Succeeded" || phase == "Failed")
    return 0; // no kubelet has anything to stop
  auto grace =
    o.grace ? *o.grace : rules::number_of(spec, "terminationGracePeriodSeconds").value_or(30);
  return grace < 0 ? 1 : grace;
}

/// What the finalizers of the garbage collector become by the propagation asked for.
void set_propagation(context& c, json& meta, const api::options& o) {
  auto how = o.propagate;
  if (how == api::propagation::unset) {
    // kept for compatibility: without a wish, these leave their pods behind
    auto orphans =
      (c.of.group == "batch" && c.of.plural == "jobs") || is_core(c, "replicationcontrollers");
    auto has = [&](std::string_view name) {
      auto list = meta.find("finalizers");
      return list != meta.end() && std::find(list->begin(), list->end(), json(name)) != list->end();
    };
    if (has(orphan) || has(foreground) || !orphans)
      return;
    how = api::propagation::orphan;
    if (!is_core(c, "replicationcontrollers"))
      c.warnings.emplace_back(
        "child pods are preserved by default when jobs are deleted; set "
        "propagationPolicy=Background to remove them or set propagationPolicy=Orphan "
        "to suppress this warning");
  }
  auto list = meta.value("finalizers", json::array());
  list.erase(std::remove_if(list.begin(), list.end(),
                            [](const json& f) { return f == foreground || f == orphan; }),
             list.end());
  if (how == api::propagation::foreground)
    list.push_back(foreground);
  else if (how == api::propagation::orphan)
    list.push_back(orphan);
  if (list.empty())
    meta.erase("finalizers");
  else
    meta["finalizers"] = std::move(list);
}

result<void> check_preconditions(const context& c, const found& old, const api::options& o,
                                 std::string_view name) {
  auto uid = old.tree["metadata"].value("uid", "");
  if (!o.precondition_uid.empty() && o.precondition_uid != uid)
    return conflict(c, name,
                    "Precondition failed: UID in precondition: " + o.precondition_uid
                      + ", UID in object meta: " + uid);
  if (o.precondition_version && *o.precondition_version != old.version())
    return conflict(c, name,
                    "Precondition failed: ResourceVersion in precondition: "
                      + to_string(*o.precondition_version)
                      + ", ResourceVersion in object meta: " + to_string(old.version()));
  return {};
}

/// deletionTimestamp and what belongs to it.
void mark(const context& c, json& tree, std::int64_t grace) {
  auto& meta = tree["metadata"];
  meta["deletionTimestamp"] = api::format_time(c.env.now + std::chrono::seconds{grace});
  meta["deletionGracePeriodSeconds"] = grace;
  if (auto at = meta.find("generation"); at != meta.end())
    *at = at->get<std::int64_t>() + 1;
}

/// A delete of what is already going: only a shorter grace period changes it.
void hurry(const context& c, json& tree, std::int64_t grace, const api::options& o) {
  (void)c;
  auto& meta = tree["metadata"];
  auto have = meta.value("deletionGracePeriodSeconds", std::int64_t{0});
  if (have == 0 || (!o.grace && grace != 0) || grace >= have)
    return;
  if (auto end = api::parse_time(meta.value("deletionTimestamp", "")))
    meta["deletionTimestamp"] = api::format_time(*end - std::chrono::seconds{have - grace});
  meta["deletionGracePeriodSeconds"] = grace;
}

/// A namespace goes in two steps: Terminating, then, emptied and finalized, gone.
result<void> mark_namespace(const context& c, json& tree) {
  if (!tree["metadata"].contains("deletionTimestamp")) {
    mark(c, tree, 0);
    tree["metadata"].erase("deletionGracePeriodSeconds");
    tree["status"]["phase"] = "Terminating";
    return {};
  }
  if (!ready_to_go(c, tree))
    return conflict(
      c, c.request.name,
      "The system is ensuring all content is removed from this namespace.  Upon completion, "
      "this namespace will automatically be purged by the system.");
  return {};
}

} // namespace

result<removal> plan_removal(context& c, const found& old, const api::options& o,
                             store::transaction& tx) {
  auto tree = old.tree;
  auto name = tree["metadata"].value("name", "");
  CHECK_RETURN(check_preconditions(c, old, o, name));
  auto key = old.record->key;
  tx.when.push_back({.what = store::predicate::test::modified_is, .key = key, .at = old.version()});
  CHECK_RETURN(validate_admission(c, admission::operation::remove, nullptr, &old.tree, tx));
  auto going = tree["metadata"].contains("deletionTimestamp");
  auto grace = grace_of(c, tree, o);
  set_propagation(c, tree["metadata"], o);
  if (is_core(c, "namespaces")) {
    CHECK_RETURN(mark_namespace(c, tree));
  } else if (going) {
    hurry(c, tree, grace, o);
  } else {
    mark(c, tree, grace);
  }
  removal out{.owners = std::string{old.owners}, .version = old.version()};
  if (ready_to_go(c, tree)) {
    out.gone = true;
    tx.then.push_back({.what = store::operation::kind::erase, .key = key, .value = {}});
    CHECK_RETURN(allocate(c, nullptr, &old.tree, tx));
    // what nothing held goes as it was: no trace of a deletion that took no time
    out.tree = going ? std::move(tree) : old.tree;
    return out;
  }
  if (auto bytes = stored_bytes(c, tree, old.owners); bytes != *old.record->value)
    tx.then.push_back({.what = store::operation::kind::put, .key = key, .value = std::move(bytes)});
  else
    out.changes = false;
  out.tree = std::move(tree);
  return out;
}

result<step> remove_object(context& c) {
  OR_RETURN(auto options, delete_options(c));
  OR_RETURN(auto old, fetch(c, c.request.ns, c.request.name));
  object_write w{.before = old.version(),
                 .client_version = options.precondition_version.has_value()};
  OR_RETURN(auto plan, plan_removal(c, old, options, w.what));
  w.changes = plan.changes;
  w.tree = std::move(plan.tree);
  w.owners = std::move(plan.owners);
  auto cascades = options.propagate == api::propagation::foreground;
  w.code = !plan.gone && cascades ? 202 : 200;
  if (!plan.gone || returns_object(c))
    return finish(c, std::move(w));
  auto done = api::status_success(c.request, w.tree["metadata"].value("uid", ""));
  done.warnings = c.warnings;
  if (options.dry_run)
    return step{finished{std::move(done), true}};
  auto outcome = finish(c, std::move(w));
  if (auto* made = std::get_if<write>(&outcome))
    made->answer = [done, inner = std::move(made->answer)](
                     const store::outcome& o) -> std::optional<api::response> {
      if (o.what != store::outcome::status::applied)
        return inner(o);
      auto out = done;
      out.version = o.last;
      return out;
    };
  return outcome;
}

result<step> remove_collection(context& c) {
  OR_RETURN(auto options, delete_options(c));
  OR_RETURN(auto chosen, selection_of(c));
  std::vector<found> all;
  visit_selected(c, chosen, c.prefix(), [&](const store::record_ptr& record) {
    auto old = read_record(c, record);
    if (!old)
      return true;
    all.push_back(std::move(*old));
    return options.limit == 0 || all.size() < options.limit;
  });
  store::transaction tx;
  form f{c.env.catalog, &c.of, c.of.of, c.request.answer, c.env.now};
  std::vector<list_entry> entries;
  for (const auto& old : all) {
    OR_RETURN(auto plan, plan_removal(c, old, options, tx));
    auto body = share(api::encode(plan.tree, plan.owners));
    entries.push_back({in_version(body, version_for(f)), plan.version});
  }
  tx.fence = c.request.fence;
  tx.cause = c.request.cause;
  auto respond = [f, entries](revision at) {
    return answer_list(f, entries, {.version = at, .next = {}, .remaining = {}});
  };
  if (options.dry_run || tx.then.empty())
    return step{finished{respond(c.view.at()), true}};
  auto stale = scope_ended(c);
  auto answer = [respond, stale](const store::outcome& o) -> std::optional<api::response> {
    if (o.what == store::outcome::status::applied)
      return respond(o.last);
    if (o.what == store::outcome::status::stale_term)
      return stale;
    return std::nullopt;
  };
  return step{write{std::move(tx), std::move(answer)}};
}

} // namespace troupe::pipeline
