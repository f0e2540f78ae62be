#include "actors/api/auth/authorize.hpp"

#include "actors/api/auth/node_rules.hpp"

namespace troupe::authz {
namespace {

constexpr std::string_view masters = "system:masters";

bool below(std::string_view path, std::string_view root) {
  return path.substr(0, root.size()) == root
         && (path.size() == root.size() || path[root.size()] == '/');
}

/// What everybody may see, also before there are roles.
bool is_health(std::string_view path) {
  return below(path, "/healthz") || below(path, "/livez") || below(path, "/readyz")
         || below(path, "/version");
}

} // namespace

bool is_anonymous(const api::user& u) { return u.name.empty() || u.name == "system:anonymous"; }

decision decide(const attributes& a, const store::view& view, const policy& roles) {
  if (in_group(a.who, masters))
    return {.allowed = true, .reason = {}};
  if (!a.resource && a.verb == "get" && is_health(a.path))
    return {.allowed = true, .reason = {}};
  std::string why;
  if (auto node = node_of(a.who); !node.empty()) {
    auto own = node_decides(a, node, view);
    if (own.allowed)
      return own;
    why = std::move(own.reason);
  }
  auto out = roles.decide(a);
  if (!out.allowed && !why.empty())
    out.reason = out.reason.empty() ? std::move(why) : why + "\n" + out.reason;
  return out;
}

result<void> authorize(const api::request& r, const store::view& view, const policy& roles) {
  auto asked = attributes_of(r);
  if (is_anonymous(r.from) && (asked.resource || !is_health(asked.path)))
    return failure{.reason = reason::unauthorized, .message = "Unauthorized"};
  auto out = decide(asked, view, roles);
  return out.allowed ? result<void>{} : refused(asked, out.reason);
}

held_rules rules_of(const api::user& u, std::string_view ns, const policy& roles) {
  auto out = roles.rules_of(u, ns);
  if (in_group(u, masters)) {
    out.list.insert(out.list.begin(), {.verbs = {"*"}, .urls = {"*"}});
    out.list.insert(out.list.begin(), {.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}});
  }
  if (!node_of(u).empty())
    out.errors.emplace_back("node authorizer does not support user rule resolution");
  return out;
}

api::user internal_user(std::string_view part) {
  return {.name = "system:troupe:" + std::string{part},
          .groups = {std::string{masters}, "system:authenticated"},
          .uid = {}};
}

} // namespace troupe::authz
