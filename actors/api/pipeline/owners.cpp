#include "actors/api/pipeline/owners.hpp"

#include "config/versions/versions.hpp"

namespace troupe::pipeline {
namespace {

bool starts_with(std::string_view s, std::string_view start) {
  return s.substr(0, start.size()) == start;
}

/// Which members of an object a write through this subresource concerns.
bool concerns(const context& c, std::string_view root) {
  auto core = c.of.group.empty();
  auto sub = std::string_view{c.request.subresource};
  if (sub.empty()) {
    if (core && c.of.plural == "namespaces")
      return root != "spec" && root != "status"; // its finalizers are the server's
    return root != "status" || !c.of.status_separate;
  }
  if (sub == "status")
    return root == "status"
           || (root == "metadata" && core && (c.of.plural == "nodes" || c.of.plural == "pods"));
  if (sub == "approval")
    return root == "status";
  return root == "spec" || (sub == "finalize" && root == "metadata");
}

/// The owners that a change is recorded against.
apply::managers owners_before(const context& c, std::string_view sent, std::string_view live) {
  if (!sent.empty() && c.request.subresource.empty()) {
    if (apply::is_reset(sent))
      return {};
    // what no client should send, or an empty list of one that knows nothing of them, changes none
    if (auto wanted = apply::check_managers(sent); wanted && !wanted->empty())
      return std::move(*wanted);
  }
  return apply::read_managers(live);
}

} // namespace

std::string manager_of(const api::request& r) {
  constexpr std::string_view part = "system:troupe:";
  if (!r.options.field_manager.empty())
    return r.options.field_manager;
  if (starts_with(r.from.name, part))
    return "troupe-" + r.from.name.substr(part.size());
  return starts_with(r.from.name, "system:node:") ? "kubelet" : "unknown";
}

const schema::resource* kind_versions::resource(std::string_view api_version) const {
  auto slash = api_version.find('/');
  auto group = slash == api_version.npos ? std::string_view{} : api_version.substr(0, slash);
  auto version = slash == api_version.npos ? api_version : api_version.substr(slash + 1);
  return c_.env.catalog->find(group, version, c_.of.plural);
}

const schema::type* kind_versions::find(std::string_view api_version) const {
  const auto* r = resource(api_version);
  return r ? r->of : nullptr;
}

json kind_versions::convert(const json& tree, std::string_view api_version) const {
  auto out = tree;
  if (const auto* to = resource(api_version))
    troupe::versions::convert(out, *to); // not apply::versions
  return out;
}

apply::writing writing_of(const context& c, const kind_versions& others) {
  return {.manager = manager_of(c.request),
          .api_version = c.of.api_version(),
          .subresource = c.request.subresource,
          .time = api::format_time(c.env.now),
          .of = c.of.of,
          .others = &others,
          .concerns = [&c](std::string_view root) { return concerns(c, root); }};
}

std::string take_owners(json& tree) {
  auto& meta = tree["metadata"];
  auto at = meta.find("managedFields");
  if (at == meta.end())
    return {};
  auto out = at->is_array() ? at->dump(-1, ' ', false, json::error_handler_t::replace) : "";
  meta.erase(at);
  return out;
}

std::string record_change(const context& c, std::string_view sent, std::string_view live,
                          const json* before, const json& after) {
  auto owners = owners_before(c, sent, live);
  if (before && owners.empty())
    return {}; // nobody asked for it, up to the first apply
  kind_versions others{c};
  apply::record_update(owners, writing_of(c, others), before, after);
  return apply::to_text(owners);
}

} // namespace troupe::pipeline
