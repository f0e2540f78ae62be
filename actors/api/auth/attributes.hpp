// What authorization looks at: who asks for what, in the words of Kubernetes' policies. Verbs are
// text here, since policies know more of them than HTTP does: escalate, bind, impersonate, approve.
#pragma once

#include "config/api/request.hpp"

#include <string>
#include <string_view>

namespace troupe::authz {

/// Lives no longer than the user.
struct attributes {
  const api::user& who;
  std::string verb;
  bool resource = true; // else a path
  std::string group;    // "" for core
  std::string plural;
  std::string subresource;
  std::string ns;
  std::string name; // of a list or a watch: the one that its field selector names
  std::string path; // of no resource; without the query
  std::string field_selector{};

  /// "pods" or "pods/log".
  std::string full_resource() const;
};

attributes attributes_of(const api::request& r);
/// Somebody's verb on a resource, for the checks that a request implies.
attributes asks(const api::user& who, std::string_view verb, std::string_view group,
                std::string_view plural, std::string_view ns, std::string_view name);

bool in_group(const api::user& u, std::string_view group);

/// As Kubernetes says it: `pods "x" is forbidden: User "u" cannot get resource "pods" in API group
/// "" in the namespace "n"`; `why` is added when there is one.
failure refused(const attributes& a, std::string_view why = {});

} // namespace troupe::authz
