// The roles and bindings of the store as an index: who is bound where to what. It follows the store
// change by change (take) or by difference to a view (sync); a decision looks at the bindings of
// the asker in the namespace asked about, and at nobody else's.
#pragma once

#include "actors/api/auth/rule.hpp"
#include "store/base/view.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::authz {

/// Where roles and bindings lie in the store.
inline constexpr std::string_view policy_prefix = "/registry/rbac.authorization.k8s.io/";

struct decision {
  bool allowed = false;
  std::string reason; // why, or what stood in the way; may be empty
};

/// What somebody may do in one namespace (empty: cluster-wide).
struct held_rules {
  rules list;
  std::vector<std::string> errors; // roles that are bound but not there
};

/// Not thread-safe: one owner changes it, and whoever reads does so on the owner's thread.
class policy {
public:
  static std::shared_ptr<policy> of(const store::view& v);

  /// Reads what the view has and this has not. A view older than what is known changes nothing.
  void sync(const store::view& v);
  /// One change of the store; those outside of policy_prefix, and old ones, are ignored.
  void take(const store::change& c);
  revision at() const { return at_; }

  decision decide(const attributes& a) const;
  held_rules rules_of(const api::user& u, std::string_view ns) const;
  /// The rules of the role that a binding in `ns` (empty: a ClusterRoleBinding) refers to.
  /// Fails with not_found.
  result<rules> role(std::string_view kind, std::string_view ns, std::string_view name) const;

private:
  struct subject {
    std::string key; // "u" and a user's name, "g" and a group's
    std::string shown;
  };
  struct binding {
    std::string ns; // empty: a ClusterRoleBinding
    std::string name;
    std::string role_kind;
    std::string role_name;
    std::vector<subject> subjects;
  };
  struct known_binding {
    store::record_ptr from;
    binding what;
  };
  struct known_role {
    store::record_ptr from;
    rules list;
  };

  void put(const store::record_ptr& record);
  void erase(const std::string& key);
  void unlist(const binding& b);
  static binding read_binding(const store::record& record);
  /// Calls `visit` with each binding of the user in exactly that scope until it returns false.
  template <class Visit>
  bool each(const api::user& u, std::string_view ns, const Visit& visit) const;
  const rules* find_role(const binding& b) const;

  std::unordered_map<std::string, known_role> roles_;       // by key in the store
  std::unordered_map<std::string, known_binding> bindings_; // by key in the store
  /// By subject, a line feed, and the namespace.
  std::unordered_map<std::string, std::vector<const binding*>> by_subject_;
  revision at_{};
};

} // namespace troupe::authz
