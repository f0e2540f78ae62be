#include "actors/controllers/name_space/plan.hpp"

#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::name_space {
namespace {

using nlohmann::json;
using views::condition;

constexpr std::string_view our_finalizer = "kubernetes";

std::string qualified(const control::resource& r) {
  return r.group.empty() ? r.plural : r.plural + "." + r.group;
}

void set(std::vector<condition>& all, const observed& o, std::string type, bool bad,
         std::string why, std::string message) {
  const auto* old = views::find(o.ns.conditions, type);
  condition c{.type = std::move(type),
              .status = bad ? "True" : "False",
              .reason = std::move(why),
              .message = std::move(message),
              .updated = std::nullopt,
              .transitioned = control::to_seconds(o.now)};
  if (old != nullptr && old->status == c.status)
    c.transitioned = old->transitioned;
  all.push_back(std::move(c));
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& p : parts)
    out += (out.empty() ? "" : ", ") + p;
  return out;
}

std::vector<condition> conditions_of(const observed& o) {
  std::vector<std::string> left;
  std::map<std::string, std::int64_t> finalizers;
  for (const auto& c : o.contents) {
    left.push_back(qualified(c.of) + " has " + std::to_string(c.objects) + " resource instances");
    for (const auto& [name, n] : c.finalizers)
      finalizers[name] += n;
  }
  std::vector<std::string> held;
  for (const auto& [name, n] : finalizers)
    held.push_back(name + " in " + std::to_string(n) + " resource instances");
  std::vector<condition> all;
  set(all, o, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
      "All resources successfully discovered");
  set(all, o, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
      "All legacy kube types successfully parsed");
  if (o.failures.empty())
    set(all, o, "NamespaceDeletionContentFailure", false, "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization");
  else
    set(all, o, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
        "Failed to delete all resource types, " + std::to_string(o.failures.size())
          + " remaining: " + join(o.failures));
  if (left.empty())
    set(all, o, "NamespaceContentRemaining", false, "ContentRemoved",
        "All content successfully removed");
  else
    set(all, o, "NamespaceContentRemaining", true, "SomeResourcesRemain",
        "Some resources are remaining: " + join(left));
  if (held.empty())
    set(all, o, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
        "All content-preserving finalizers finished");
  else
    set(all, o, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: " + join(held));
  return all;
}

control::replace let_go(const views::name_space& ns) {
  auto left = json::array();
  for (const auto& f : ns.finalizers)
    if (f != our_finalizer)
      left.push_back(f);
  json body{{"apiVersion", "v1"},
            {"kind", "Namespace"},
            {"metadata", {{"name", ns.meta.name}}},
            {"spec", {{"finalizers", std::move(left)}}}};
  return {.at = control::exactly(control::of::namespaces, ns.meta),
          .subresource = "finalize",
          .body = body.dump()};
}

} // namespace

control::actions plan(const observed& o) {
  control::actions out;
  const auto& ns = o.ns;
  bool ours =
    std::find(ns.finalizers.begin(), ns.finalizers.end(), our_finalizer) != ns.finalizers.end();
  if (!ns.meta.deleted || !ours)
    return out;
  auto conditions = conditions_of(o);
  if (ns.phase != "Terminating" || conditions != ns.conditions)
    out.push_back(control::patch{
      .at = control::at(control::of::namespaces, ns.meta),
      .body =
        json{{"status",
              {{"phase", "Terminating"}, {"conditions", control::conditions_json(conditions, "")}}}}
          .dump(),
      .subresource = "status"});
  if (o.contents.empty() && o.failures.empty()) {
    if (!out.empty()) // the status is written first: the object may be gone after this
      out.push_back(control::again{1ms});
    else
      out.push_back(let_go(ns));
    return out;
  }
  bool pods = std::any_of(o.contents.begin(), o.contents.end(),
                          [](const auto& c) { return c.of == control::of::pods; });
  for (const auto& c : o.contents)
    if (c.untouched > 0 && (!pods || c.of == control::of::pods))
      out.push_back(control::remove_all{.of = c.of, .ns = ns.meta.name});
  out.push_back(control::again{1s});
  return out;
}

} // namespace troupe::name_space
