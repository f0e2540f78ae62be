// Being taken for somebody else: what it takes, and who one then is.
#pragma once

#include "actors/api/auth/authorize.hpp"

namespace troupe::authz {

/// The user that `real` becomes by `wanted` (the Impersonate- fields of a request; its extra keys
/// are in lower case). Fails with forbidden for what `real` may not impersonate, and with
/// bad_request when groups or extra come without a user.
result<api::user> impersonate(const api::user& real, const api::user& wanted,
                              const store::view& view, const policy& roles);

/// NS and NAME of system:serviceaccount:NS:NAME; empty names for any other user.
struct account_name {
  std::string ns;
  std::string name;
};
account_name account_of(std::string_view user);
/// The groups of every service account of a namespace.
std::vector<std::string> account_groups(std::string_view ns);

} // namespace troupe::authz
