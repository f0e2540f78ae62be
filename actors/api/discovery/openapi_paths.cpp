// Resources as OpenAPI paths: what may be done to them, and with which query parameters.
#include "actors/api/discovery/openapi_parts.hpp"

#include <cctype>

namespace troupe::discovery {

using schema::resource;

namespace {

using names = std::vector<const char*>;

const names list_query = {"allowWatchBookmarks",
                          "continue",
                          "fieldSelector",
                          "labelSelector",
                          "limit",
                          "resourceVersion",
                          "resourceVersionMatch",
                          "sendInitialEvents",
                          "timeoutSeconds",
                          "watch"};
const names delete_query = {"dryRun", "gracePeriodSeconds", "orphanDependents",
                            "propagationPolicy"};
const names write_query = {"dryRun", "fieldManager", "fieldValidation"};
const names patch_query = {"dryRun", "fieldManager", "fieldValidation", "force"};

const char* query_type(std::string_view name) {
  if (name == "limit" || name == "timeoutSeconds" || name == "gracePeriodSeconds")
    return "integer";
  if (name == "allowWatchBookmarks" || name == "sendInitialEvents" || name == "watch"
      || name == "force" || name == "orphanDependents")
    return "boolean";
  return "string";
}

tree parameter(const char* name, const char* in, const dialect& how) {
  tree out = {{"name", name}, {"in", in}};
  if (std::string_view(in) == "path")
    out["required"] = true;
  tree type = {{"type", query_type(name)}, {"uniqueItems", true}};
  if (how.three)
    out["schema"] = std::move(type);
  else
    out.update(type);
  return out;
}

/// "apps", "v1" become "AppsV1"; "rbac.authorization.k8s.io", "v1" become "RbacAuthorizationV1".
std::string camel_group(std::string_view group, std::string_view version) {
  constexpr std::string_view suffix = ".k8s.io";
  if (group.empty())
    group = "core";
  if (group.ends_with(suffix))
    group.remove_suffix(suffix.size());
  std::string out;
  bool upper = true;
  for (auto part : {group, std::string_view("."), version}) {
    for (char c : part) {
      bool mark = c == '.' || c == '-';
      if (!mark)
        out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      upper = mark;
    }
  }
  return out;
}

std::string capital(std::string_view text) {
  std::string out(text);
  if (!out.empty())
    out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

struct operation {
  const char* method;
  const char* action;
  std::string id;
  const names& query;
  std::string answer; // a definition's name; empty: none
  std::string body;   // likewise
};

/// The operations of one path, for one kind.
class path_writer {
public:
  path_writer(tree& paths, std::string path, tree kind, const dialect& how)
      : item_(paths[path]), kind_(std::move(kind)), how_(how) {
    if (path.find("{namespace}") != std::string::npos)
      item_["parameters"].push_back(parameter("namespace", "path", how));
    if (path.find("{name}") != std::string::npos)
      item_["parameters"].push_back(parameter("name", "path", how));
  }

  void add(const operation& o) {
    tree out = {{"operationId", o.id},
                {"x-kubernetes-action", o.action},
                {"x-kubernetes-group-version-kind", kind_}};
    for (const auto* name : o.query)
      out["parameters"].push_back(parameter(name, "query", how_));
    add_body(o, out);
    tree answer = {{"description", "OK"}};
    if (!o.answer.empty()) {
      tree reference = {{"$ref", how_.prefix() + o.answer}};
      if (how_.three)
        answer["content"]["application/json"]["schema"] = std::move(reference);
      else
        answer["schema"] = std::move(reference);
    }
    out["responses"]["200"] = std::move(answer);
    if (!how_.three) {
      out["produces"] = {"application/json", "application/yaml",
                         "application/vnd.kubernetes.protobuf"};
      out["consumes"] = consumed(o);
    }
    item_[o.method] = std::move(out);
  }

private:
  static tree consumed(const operation& o) {
    if (std::string_view(o.method) == "patch")
      return {"application/json-patch+json", "application/merge-patch+json",
              "application/strategic-merge-patch+json", "application/apply-patch+yaml"};
    return tree::array({"*/*"});
  }

  void add_body(const operation& o, tree& out) {
    bool patch = std::string_view(o.method) == "patch";
    if (o.body.empty() && !patch)
      return;
    tree schema = patch ? tree{{"type", "object"}} : tree{{"$ref", how_.prefix() + o.body}};
    if (!how_.three) {
      out["parameters"].push_back(
        {{"name", "body"}, {"in", "body"}, {"required", true}, {"schema", std::move(schema)}});
      return;
    }
    for (const auto& type : consumed(o))
      out["requestBody"]["content"][type.get<std::string>()]["schema"] = schema;
  }

  tree& item_;
  tree kind_;
  dialect how_;
};

std::string root_of(const resource& of) {
  return of.group.empty() ? "/api/" + std::string(of.version)
                          : "/apis/" + std::string(of.group) + "/" + std::string(of.version);
}

tree kind_of(std::string_view group, std::string_view version, std::string_view kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

std::string definition_of(const schema::catalog& all, std::string_view group,
                          std::string_view version, std::string_view kind) {
  const auto* known = all.by_kind(group, version, kind);
  return known == nullptr ? std::string() : definition_name(*known);
}

/// What all paths of one resource share.
struct context {
  tree& paths;
  const schema::catalog& all;
  const resource& of;
  const dialect& how;
  std::string group = camel_group(of.group, of.version);
  std::string scope = (of.namespaced ? "Namespaced" : "") + std::string(of.kind);
  std::string object = definition_name(of);
  std::string list = definition_of(all, of.group, of.version, of.list_kind);
  std::string status = definition_of(all, "", "v1", "Status");
  std::string options = definition_of(all, "", "v1", "DeleteOptions");

  bool can(std::uint16_t verb) const { return (of.verbs & verb) != 0; }
};

void add_collection(const context& c, const std::string& path) {
  path_writer at(c.paths, path, kind_of(c.of.group, c.of.version, c.of.kind), c.how);
  if (c.can(schema::verb_list))
    at.add({"get", "list", "list" + c.group + c.scope, list_query, c.list, ""});
  if (c.can(schema::verb_create))
    at.add({"post", "post", "create" + c.group + c.scope, write_query, c.object, c.object});
  if (c.can(schema::verb_deletecollection))
    at.add({"delete", "deletecollection", "delete" + c.group + "Collection" + c.scope, delete_query,
            c.status, c.options});
}

void add_single(const context& c, const std::string& path) {
  path_writer at(c.paths, path, kind_of(c.of.group, c.of.version, c.of.kind), c.how);
  if (c.can(schema::verb_get))
    at.add({"get", "get", "read" + c.group + c.scope, {}, c.object, ""});
  if (c.can(schema::verb_update))
    at.add({"put", "put", "replace" + c.group + c.scope, write_query, c.object, c.object});
  if (c.can(schema::verb_patch))
    at.add({"patch", "patch", "patch" + c.group + c.scope, patch_query, c.object, ""});
  if (c.can(schema::verb_delete))
    at.add({"delete", "delete", "delete" + c.group + c.scope, delete_query, c.status, c.options});
}

void add_sub(const context& c, const std::string& path, const schema::subresource& sub) {
  path_writer at(c.paths, path, kind_of(sub.group, sub.version, sub.kind), c.how);
  auto body = definition_of(c.all, sub.group, sub.version, sub.kind);
  auto id = c.group + c.scope + capital(sub.name);
  bool connects = sub.kind.ends_with("Options");
  auto add = [&](std::uint16_t verb, const char* method, const char* verb_text, const names& query,
                 const std::string& given) {
    if ((sub.verbs & verb) == 0)
      return;
    if (connects)
      at.add({method, "connect", "connect" + capital(method) + id, {}, "", ""});
    else
      at.add({method, method, verb_text + id, query, body, given});
  };
  add(schema::verb_get, "get", "read", {}, "");
  add(schema::verb_create, "post", "create", write_query, body);
  add(schema::verb_update, "put", "replace", write_query, body);
  add(schema::verb_patch, "patch", "patch", patch_query, "");
  add(schema::verb_delete, "delete", "delete", delete_query, "");
}

} // namespace

void add_paths(tree& paths, const schema::catalog& all, const resource& of, const serves& sub,
               const dialect& how) {
  context c{paths, all, of, how};
  const auto root = root_of(of);
  const auto plural = "/" + std::string(of.plural);
  const auto collection = of.namespaced ? root + "/namespaces/{namespace}" + plural : root + plural;
  add_collection(c, collection);
  if (of.namespaced && c.can(schema::verb_list)) {
    path_writer at(paths, root + plural, kind_of(of.group, of.version, of.kind), how);
    at.add({"get", "list", "list" + c.group + std::string(of.kind) + "ForAllNamespaces", list_query,
            c.list, ""});
  }
  const auto single = collection + "/{name}";
  if ((of.verbs
       & (schema::verb_get | schema::verb_update | schema::verb_patch | schema::verb_delete))
      != 0)
    add_single(c, single);
  for (const auto& one : of.subresources)
    if (sub(of, one))
      add_sub(c, single + "/" + std::string(one.name), one);
}

} // namespace troupe::discovery
