#include "actors/api/auth/authorize.hpp"

#include "actors/api/auth/node_rules.hpp"

#include <algorithm>
#include <array>

namespace troupe::authz {
namespace {

using api::verb;

bool in_group(const api::user& u, std::string_view group) {
  return std::find(u.groups.begin(), u.groups.end(), group) != u.groups.end();
}

std::string_view verb_text(verb v) {
  constexpr std::array<std::string_view, 9> names{
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "get"};
  return names[static_cast<std::size_t>(v)];
}

bool below(std::string_view path, std::string_view root) {
  path = path.substr(0, path.find('?'));
  return path.substr(0, root.size()) == root
         && (path.size() == root.size() || path[root.size()] == '/');
}

bool is_health(std::string_view path) {
  return below(path, "/healthz") || below(path, "/livez") || below(path, "/readyz")
         || below(path, "/version");
}

/// What any authenticated user may read to find its way.
bool is_discovery(std::string_view path) {
  return is_health(path) || below(path, "/api") || below(path, "/apis") || below(path, "/openapi")
         || path.substr(0, path.find('?')) == "/";
}

/// Questions about oneself.
bool about_self(const api::request& r) {
  return r.verb == verb::create
         && ((r.group == "authorization.k8s.io"
              && (r.resource == "selfsubjectaccessreviews"
                  || r.resource == "selfsubjectrulesreviews"))
             || (r.group == "authentication.k8s.io" && r.resource == "selfsubjectreviews"));
}

/// As Kubernetes says it: `pods "x" is forbidden: User "u" cannot get resource "pods" in API group
/// "" in ...`.
failure refused(const api::request& r) {
  if (r.verb == verb::document)
    return {.reason = reason::forbidden,
            .message =
              "forbidden: User \"" + r.from.name + "\" cannot get path \"" + r.path + "\""};
  auto qualified = r.group.empty() ? r.resource : r.resource + "." + r.group;
  auto resource = r.subresource.empty() ? r.resource : r.resource + "/" + r.subresource;
  auto message = qualified + (r.name.empty() ? "" : " \"" + r.name + "\"")
                 + " is forbidden: User \"" + r.from.name + "\" cannot "
                 + std::string{verb_text(r.verb)} + " resource \"" + resource + "\" in API group \""
                 + r.group + "\"";
  message += r.ns.empty() ? " at the cluster scope" : " in the namespace \"" + r.ns + "\"";
  return {.reason = reason::forbidden, .message = std::move(message)};
}

} // namespace

result<void> authorize(const api::request& r, const store::view& view) {
  if (in_group(r.from, "system:masters"))
    return {};
  auto document = r.verb == verb::document;
  if (document && is_health(r.path))
    return {};
  if (r.from.name.empty() || r.from.name == "system:anonymous")
    return failure{.reason = reason::unauthorized, .message = "Unauthorized"};
  if (document)
    return is_discovery(r.path) ? result<void>{} : refused(r);
  if (about_self(r))
    return {};
  constexpr std::string_view node = "system:node:";
  if (in_group(r.from, "system:nodes") && r.from.name.substr(0, node.size()) == node
      && node_may(r, std::string_view{r.from.name}.substr(node.size()), view))
    return {};
  return refused(r);
}

api::user internal_user(std::string_view part) {
  return {.name = "system:troupe:" + std::string{part},
          .groups = {"system:masters", "system:authenticated"},
          .uid = {}};
}

} // namespace troupe::authz
