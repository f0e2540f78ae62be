#include "actors/api/auth/impersonate.hpp"

namespace troupe::authz {
namespace {

constexpr std::string_view account_prefix = "system:serviceaccount:";
constexpr auto of_authentication = "authentication.k8s.io";

} // namespace

account_name account_of(std::string_view user) {
  if (!user.starts_with(account_prefix))
    return {};
  user.remove_prefix(account_prefix.size());
  auto colon = user.find(':');
  if (colon == user.npos || colon == 0 || colon + 1 == user.size()
      || user.find(':', colon + 1) != user.npos)
    return {};
  return {std::string{user.substr(0, colon)}, std::string{user.substr(colon + 1)}};
}

std::vector<std::string> account_groups(std::string_view ns) {
  return {"system:serviceaccounts", "system:serviceaccounts:" + std::string{ns}};
}

result<api::user> impersonate(const api::user& real, const api::user& wanted,
                              const store::view& view, const policy& roles) {
  if (wanted.name.empty())
    return failure{.reason = reason::bad_request,
                   .message = "requested impersonation of groups, uid or extra without "
                              "impersonating a user"};
  auto may = [&](const attributes& a) -> result<void> {
    auto said = decide(a, view, roles);
    return said.allowed ? result<void>{} : refused(a, said.reason);
  };
  auto account = account_of(wanted.name);
  CHECK_RETURN(may(account.name.empty()
                     ? asks(real, "impersonate", "", "users", "", wanted.name)
                     : asks(real, "impersonate", "", "serviceaccounts", account.ns, account.name)));
  for (const auto& g : wanted.groups)
    CHECK_RETURN(may(asks(real, "impersonate", "", "groups", "", g)));
  if (!wanted.uid.empty())
    CHECK_RETURN(may(asks(real, "impersonate", of_authentication, "uids", "", wanted.uid)));
  for (const auto& [key, values] : wanted.extra)
    for (const auto& value : values) {
      auto a = asks(real, "impersonate", of_authentication, "userextras", "", value);
      a.subresource = key;
      CHECK_RETURN(may(a));
    }
  auto out = wanted;
  if (!account.name.empty() && out.groups.empty())
    out.groups = account_groups(account.ns);
  if (is_anonymous(out)) {
    if (!in_group(out, "system:unauthenticated"))
      out.groups.emplace_back("system:unauthenticated");
  } else if (!in_group(out, "system:authenticated") && !in_group(out, "system:unauthenticated")) {
    out.groups.emplace_back("system:authenticated");
  }
  return out;
}

} // namespace troupe::authz
