#include "actors/api/discovery/discovery.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace troupe::discovery {

using json = nlohmann::ordered_json;
using schema::catalog;
using schema::resource;

namespace {

/// In the order of their names, as Kubernetes lists them.
json verbs_of(std::uint16_t bits) {
  static constexpr std::pair<std::uint16_t, const char*> names[] = {
    {schema::verb_create, "create"},
    {schema::verb_delete, "delete"},
    {schema::verb_deletecollection, "deletecollection"},
    {schema::verb_get, "get"},
    {schema::verb_list, "list"},
    {schema::verb_patch, "patch"},
    {schema::verb_update, "update"},
    {schema::verb_watch, "watch"}};
  auto out = json::array();
  for (const auto& [bit, name] : names)
    if ((bits & bit) != 0)
      out.push_back(name);
  return out;
}

json texts(std::span<const std::string_view> from) {
  auto out = json::array();
  for (auto text : from)
    out.push_back(text);
  return out;
}

/// The versions of a group, preferred first. (The catalog's order.)
std::vector<std::string_view> versions_of(const catalog& all, std::string_view group) {
  std::vector<std::string_view> out;
  for (const auto* r : all.resources())
    if (r->group == group && std::ranges::find(out, r->version) == out.end())
      out.push_back(r->version);
  return out;
}

std::vector<std::string_view> groups_of(const catalog& all) {
  std::vector<std::string_view> out;
  for (const auto* r : all.resources())
    if (!r->group.empty() && std::ranges::find(out, r->group) == out.end())
      out.push_back(r->group);
  return out;
}

std::vector<const resource*> resources_of(const catalog& all, std::string_view group,
                                          std::string_view version) {
  std::vector<const resource*> out;
  for (const auto* r : all.resources())
    if (r->group == group && r->version == version)
      out.push_back(r);
  std::ranges::sort(out, {}, &resource::plural);
  return out;
}

json group_of(const catalog& all, std::string_view group) {
  auto versions = json::array();
  for (auto version : versions_of(all, group))
    versions.push_back(
      {{"groupVersion", std::string(group) + "/" + std::string(version)}, {"version", version}});
  auto preferred = versions.front();
  return {{"name", group}, {"versions", versions}, {"preferredVersion", preferred}};
}

json subresource_entry(const resource& of, const schema::subresource& sub) {
  json out = {{"name", std::string(of.plural) + "/" + std::string(sub.name)},
              {"singularName", ""},
              {"namespaced", of.namespaced}};
  if (sub.group != of.group || sub.version != of.version) {
    out["group"] = sub.group;
    out["version"] = sub.version;
  }
  out["kind"] = sub.kind;
  out["verbs"] = verbs_of(sub.verbs);
  return out;
}

json resource_entry(const resource& of) {
  json out = {{"name", of.plural},
              {"singularName", of.singular},
              {"namespaced", of.namespaced},
              {"kind", of.kind},
              {"verbs", verbs_of(of.verbs)}};
  if (!of.short_names.empty())
    out["shortNames"] = texts(of.short_names);
  if (!of.categories.empty())
    out["categories"] = texts(of.categories);
  return out;
}

json kind_entry(std::string_view group, std::string_view version, std::string_view kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

json aggregated_resource(const resource& of, const serves& sub) {
  json out = {{"resource", of.plural},
              {"responseKind", kind_entry(of.group, of.version, of.kind)},
              {"scope", of.namespaced ? "Namespaced" : "Cluster"},
              {"singularResource", of.singular},
              {"verbs", verbs_of(of.verbs)}};
  if (!of.short_names.empty())
    out["shortNames"] = texts(of.short_names);
  if (!of.categories.empty())
    out["categories"] = texts(of.categories);
  auto subs = json::array();
  for (const auto& one : of.subresources)
    if (sub(of, one))
      subs.push_back({{"subresource", one.name},
                      {"responseKind", kind_entry(one.group, one.version, one.kind)},
                      {"verbs", verbs_of(one.verbs)}});
  if (!subs.empty())
    out["subresources"] = std::move(subs);
  return out;
}

json aggregated_group(const catalog& all, std::string_view group, const serves& sub) {
  auto versions = json::array();
  for (auto version : versions_of(all, group)) {
    auto resources = json::array();
    for (const auto* r : resources_of(all, group, version))
      resources.push_back(aggregated_resource(*r, sub));
    versions.push_back(
      {{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
  }
  json metadata = {{"creationTimestamp", nullptr}};
  if (!group.empty())
    metadata["name"] = group;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

} // namespace

bool serves_all(const resource&, const schema::subresource&) { return true; }

std::string api_versions(std::string_view address) {
  return json{
    {"kind", "APIVersions"},
    {"versions", {"v1"}},
    {"serverAddressByClientCIDRs", {{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", address}}}}}
    .dump();
}

std::string api_groups(const catalog& all) {
  auto groups = json::array();
  for (auto group : groups_of(all))
    groups.push_back(group_of(all, group));
  return json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}}.dump();
}

std::optional<std::string> api_group(const catalog& all, std::string_view group) {
  if (group.empty() || versions_of(all, group).empty())
    return {};
  json out = {{"kind", "APIGroup"}, {"apiVersion", "v1"}};
  out.update(group_of(all, group));
  return out.dump();
}

std::optional<std::string> api_resources(const catalog& all, std::string_view group,
                                         std::string_view version, const serves& sub) {
  auto found = resources_of(all, group, version);
  if (found.empty())
    return {};
  auto entries = json::array();
  for (const auto* r : found) {
    entries.push_back(resource_entry(*r));
    for (const auto& one : r->subresources)
      if (sub(*r, one))
        entries.push_back(subresource_entry(*r, one));
  }
  return json{{"kind", "APIResourceList"},
              {"apiVersion", "v1"},
              {"groupVersion", found.front()->api_version()},
              {"resources", std::move(entries)}}
    .dump();
}

std::string aggregated(const catalog& all, std::string_view version, bool core, const serves& sub) {
  auto items = json::array();
  if (core) {
    items.push_back(aggregated_group(all, "", sub));
  } else {
    for (auto group : groups_of(all))
      items.push_back(aggregated_group(all, group, sub));
  }
  return json{{"kind", "APIGroupDiscoveryList"},
              {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
              {"metadata", json::object()},
              {"items", std::move(items)}}
    .dump();
}

std::string aggregated_type(std::string_view version) {
  return "application/json;g=apidiscovery.k8s.io;v=" + std::string(version)
         + ";as=APIGroupDiscoveryList";
}

std::string_view aggregated_wanted(std::string_view accept) {
  while (!accept.empty()) {
    auto comma = std::min(accept.find(','), accept.size());
    std::string one(accept.substr(0, comma));
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    std::erase(one, ' ');
    bool any = one.starts_with("application/json") || one.starts_with("*/*");
    if (!any)
      continue; // another encoding: the next is as good
    one += ';';
    if (one.find(";as=APIGroupDiscoveryList;") == std::string::npos
        || one.find(";g=apidiscovery.k8s.io;") == std::string::npos)
      return {}; // plain JSON comes first
    if (one.find(";v=v2;") != std::string::npos)
      return "v2";
    if (one.find(";v=v2beta1;") != std::string::npos)
      return "v2beta1";
  }
  return {};
}

std::string version_document(std::string_view git_version, std::string_view platform) {
  auto number = [&](int place) {
    auto rest = git_version.substr(git_version.starts_with('v') ? 1 : 0);
    for (; place > 0; --place)
      rest.remove_prefix(std::min(rest.find('.'), rest.size() - 1) + 1);
    return std::string(rest.substr(0, rest.find_first_not_of("0123456789")));
  };
  auto major = number(0);
  auto minor = number(1);
  return json{{"major", major},
              {"minor", minor},
              {"emulationMajor", major},
              {"emulationMinor", minor},
              {"minCompatibilityMajor", major},
              {"minCompatibilityMinor", minor},
              {"gitVersion", git_version},
              {"gitCommit", ""},
              {"gitTreeState", ""},
              {"buildDate", "1970-01-01T00:00:00Z"},
              {"goVersion", ""},
              {"compiler", "g++"},
              {"platform", platform}}
    .dump();
}

} // namespace troupe::discovery
