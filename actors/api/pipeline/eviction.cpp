// Evicting a pod: a delete that asks the pod's disruption budget first.
#include "actors/api/pipeline/answer.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/remove.hpp"
#include "actors/api/rules/checks.hpp"
#include "config/api/peek.hpp"
#include "config/api/selector.hpp"

#include <algorithm>

namespace troupe::pipeline {
namespace {

using rules::member;
using rules::number_of;
using rules::text_of;

failure too_many(std::string why) {
  failure out{.reason = reason::too_many_requests,
              .message = "Cannot evict pod as it would violate the pod's disruption budget.",
              .retry_after_seconds = 10};
  out.causes.push_back({.field = {}, .type = "DisruptionBudget", .message = std::move(why)});
  return out;
}

/// A pod whose going disturbs nobody: it does not run, or it is already going.
bool free_to_go(const json& pod) {
  auto phase = text_of(member(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending"
         || member(pod, "metadata").contains("deletionTimestamp");
}

bool is_ready(const json& pod) {
  const auto& conditions = member(member(pod, "status"), "conditions");
  return std::any_of(conditions.begin(), conditions.end(), [](const json& c) {
    return text_of(c, "type") == "Ready" && text_of(c, "status") == "True";
  });
}

struct budget {
  store::record_ptr record;
  json tree; // with its managedFields
};

/// The budgets of the namespace that select the pod.
std::vector<budget> budgets_of(const context& c, const store::record_ptr& pod) {
  std::vector<budget> out;
  auto labels = api::peek_strings(*pod->value, {"metadata", "labels"});
  auto prefix = prefix_of("policy", "poddisruptionbudgets", c.request.ns);
  c.view.scan({.prefix = prefix, .from = {}, .limit = 0}, [&](const store::record_ptr& record) {
    auto tree = read_tree(*record->value);
    auto selector = api::label_selector_of(member(member(tree, "spec"), "selector"));
    if (selector && selector->matches(labels))
      out.push_back({record, std::move(tree)});
    return true;
  });
  return out;
}

/// Takes one disruption from the budget. Fails with too_many_requests.
result<void> take_from(const context& c, budget b, const json& pod, store::transaction& tx) {
  const auto& status = member(b.tree, "status");
  auto name = text_of(member(b.tree, "metadata"), "name");
  if (!is_ready(pod)) {
    auto always = text_of(member(b.tree, "spec"), "unhealthyPodEvictionPolicy") == "AlwaysAllow";
    auto wanted = number_of(status, "desiredHealthy").value_or(0);
    if (always || (number_of(status, "currentHealthy").value_or(0) >= wanted && wanted > 0))
      return {};
  }
  if (number_of(status, "observedGeneration").value_or(0)
      < number_of(member(b.tree, "metadata"), "generation").value_or(0))
    return too_many("The disruption budget " + name + " is still being processed by the server.");
  auto left = number_of(status, "disruptionsAllowed").value_or(0);
  if (left <= 0)
    return too_many(
      "The disruption budget " + name + " needs "
      + std::to_string(number_of(status, "desiredHealthy").value_or(0)) + " healthy pods and has "
      + std::to_string(number_of(status, "currentHealthy").value_or(0)) + " currently");
  b.tree["status"]["disruptionsAllowed"] = left - 1;
  b.tree["status"]["disruptedPods"][text_of(member(pod, "metadata"), "name")] =
    api::format_time(c.env.now);
  tx.when.push_back(
    {.what = store::predicate::test::modified_is, .key = b.record->key, .at = b.record->modified});
  tx.then.push_back(
    {.what = store::operation::kind::put, .key = b.record->key, .value = api::encode(b.tree)});
  return {};
}

/// The DeleteOptions inside an Eviction.
result<api::options> options_in(context& c) {
  OR_RETURN(auto tree, parse_body(c, nullptr));
  if (!tree.is_object() || text_of(tree, "kind") != "Eviction")
    return bad_request("the object provided is unrecognized (must be of type Eviction)");
  auto name = text_of(member(tree, "metadata"), "name");
  if (!name.empty() && name != c.request.name)
    return bad_request("name in URL does not match name in Eviction object");
  auto inner = c.request;
  const auto& options = member(tree, "deleteOptions");
  inner.body = options.is_object() ? options.dump() : std::string{};
  inner.body_as = api::media::json;
  context of_delete{.request = inner, .view = c.view, .env = c.env, .of = c.of, .stored = c.stored};
  return delete_options(of_delete);
}

} // namespace

result<step> evict_pod(context& c) {
  OR_RETURN(auto options, options_in(c));
  OR_RETURN(auto pod, fetch(c, c.request.ns, c.request.name));
  store::transaction tx;
  OR_RETURN(auto plan, plan_removal(c, pod, options, tx));
  (void)plan;
  if (!free_to_go(pod.tree)) {
    auto budgets = budgets_of(c, pod.record);
    if (budgets.size() > 1)
      return failure{.reason = reason::internal,
                     .message =
                       "This pod has more than one PodDisruptionBudget, which the eviction "
                       "subresource does not support."};
    if (!budgets.empty())
      CHECK_RETURN(take_from(c, std::move(budgets.front()), pod.tree, tx));
  }
  tx.fence = c.request.fence;
  tx.cause = c.request.cause;
  auto done = api::status_success(c.request, {});
  done.code = 201;
  done.body =
    share(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
  if (options.dry_run)
    return step{finished{std::move(done), true}};
  auto stale = scope_ended(c);
  auto answer = [done, stale](const store::outcome& o) -> std::optional<api::response> {
    if (o.what == store::outcome::status::predicate_failed)
      return std::nullopt;
    auto out = o.what == store::outcome::status::stale_term ? stale : done;
    out.version = o.first;
    return out;
  };
  return step{write{std::move(tx), std::move(answer)}};
}

} // namespace troupe::pipeline
