// An api_world with the requests that managers of fields make.
#pragma once

#include "tests/support/api_world.hpp"

namespace troupe::support {

/// Writes under the name of a manager.
class apply_world : public api_world {
public:
  struct how {
    std::string manager;
    bool force = false;
    std::string sub = {};
    bool dry_run = false;
  };

  /// Applies a tree, by the place that it names.
  answer apply(const json& tree, const how& h) { return run(applying(tree, h)); }
  api::request applying(const json& tree, const how& h) {
    auto r = about(tree, api::verb::patch, h.manager, h.sub);
    r.patch = api::patch_type::apply;
    r.options.force = h.force;
    r.options.dry_run = h.dry_run;
    r.body = tree.dump();
    return r;
  }

  /// PUT of a tree.
  answer update(const json& tree, const std::string& manager, const std::string& sub = {}) {
    auto r = about(tree, api::verb::update, manager, sub);
    r.body = tree.dump();
    return run(r);
  }
  answer create(const json& tree, const std::string& manager) {
    auto r = about(tree, api::verb::create, manager, {});
    r.name.clear();
    r.body = tree.dump();
    return run(r);
  }
  answer merge(const json& tree, const json& patch, const std::string& manager,
               const std::string& sub = {}) {
    auto r = about(tree, api::verb::patch, manager, sub);
    r.patch = patch.is_array() ? api::patch_type::json : api::patch_type::merge;
    r.body = patch.dump();
    return run(r);
  }
  json now_of(const json& tree) { return run(about(tree, api::verb::get, {}, {})).body; }

  /// MANAGER[/Update][ SUBRESOURCE] and its FieldsV1, of each entry of an object.
  static json owners(const json& tree) {
    auto out = json::object();
    for (const auto& e : tree["metadata"].value("managedFields", json::array()))
      out[e.value("manager", "") + (e.value("operation", "") == "Update" ? "/Update" : "")
          + (e.contains("subresource") ? " " + e["subresource"].get<std::string>() : "")] =
        e["fieldsV1"];
    return out;
  }

private:
  api::request about(const json& tree, api::verb v, const std::string& manager,
                     const std::string& sub) {
    auto version = tree.value("apiVersion", "");
    auto kind = tree.value("kind", "");
    auto slash = version.find('/');
    auto group = slash == version.npos ? "" : version.substr(0, slash);
    if (slash != version.npos)
      version = version.substr(slash + 1);
    auto plural = plural_of.empty() ? catalog->by_kind(group, version, kind)->plural : plural_of;
    auto r = request(v, group, version, std::string{plural},
                     tree["metadata"].value("namespace", ""), tree["metadata"].value("name", ""));
    r.subresource = sub;
    r.options.field_manager = manager;
    return r;
  }

public:
  std::string_view plural_of; // when the tree is of another kind than its path
};

inline json config_map(const json& data) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", "c"}, {"namespace", "default"}}},
          {"data", data}};
}

} // namespace troupe::support
