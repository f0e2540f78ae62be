// What a plan may order. Actions are comparable values: tests compare whole plans, and the
// performer is the only one that turns them into API requests.
//
// Every write is a create, a patch or a delete with preconditions: no field that a controller does
// not know is ever lost. The one exception is what the API takes only whole (namespaces/finalize).
#pragma once

#include "config/api/request.hpp"

#include <variant>

namespace troupe::control {

/// A kind as the API's path names it.
struct resource {
  std::string group; // "" for core
  std::string version;
  std::string plural;
  auto operator<=>(const resource&) const = default;
};

namespace of {
inline const resource pods{"", "v1", "pods"};
inline const resource nodes{"", "v1", "nodes"};
inline const resource namespaces{"", "v1", "namespaces"};
inline const resource services{"", "v1", "services"};
inline const resource endpoints{"", "v1", "endpoints"};
inline const resource config_maps{"", "v1", "configmaps"};
inline const resource service_accounts{"", "v1", "serviceaccounts"};
inline const resource replication_controllers{"", "v1", "replicationcontrollers"};
inline const resource replica_sets{"apps", "v1", "replicasets"};
inline const resource deployments{"apps", "v1", "deployments"};
inline const resource endpoint_slices{"discovery.k8s.io", "v1", "endpointslices"};
inline const resource leases{"coordination.k8s.io", "v1", "leases"};
} // namespace of

/// Which object is meant. With a uid or a version, only that very object in that very state.
struct target {
  resource of;
  std::string ns; // empty: cluster-scoped
  std::string name;
  std::string uid{};                 // empty: whichever has the name
  std::optional<revision> version{}; // as the plan saw it: whoever wrote in between wins (409)
  bool operator==(const target&) const = default;
};

struct create {
  resource of;
  std::string ns;
  std::string name;          // also in the body; of a subresource: whose
  std::string body;          // compact JSON
  std::string subresource{}; // binding, eviction, token
  bool operator==(const create&) const = default;
};

struct patch {
  target at;
  std::string body;          // compact JSON
  std::string subresource{}; // status, scale
  api::patch_type how = api::patch_type::merge;
  bool operator==(const patch&) const = default;
};

/// A PUT on a subresource that takes nothing else.
struct replace {
  target at;
  std::string subresource;
  std::string body;
  bool operator==(const replace&) const = default;
};

struct remove {
  target at;
  api::propagation propagate = api::propagation::background;
  std::optional<std::int64_t> grace{}; // seconds; unset: the object's own
  bool operator==(const remove&) const = default;
};

/// Every object of a resource in a namespace. (deletecollection)
struct remove_all {
  resource of;
  std::string ns;
  bool operator==(const remove_all&) const = default;
};

/// An Event for those who look: `kubectl describe`.
struct emit {
  enum class kind : std::uint8_t { normal, warning };
  target about;
  std::string api_version; // of `about`
  std::string object_kind;
  kind what = kind::normal;
  std::string reason; // CamelCase, Kubernetes' words
  std::string message;
  bool operator==(const emit&) const = default;
};

/// Plan this key again after a while, whatever happens in between.
struct again {
  duration after{};
  bool operator==(const again&) const = default;
};

using action = std::variant<create, patch, replace, remove, remove_all, emit, again>;
/// Performed in order and ended by the first failure (the key is then planned again); creates and
/// deletes next to each other may overlap. An emit is sent only when the write before it succeeded.
using actions = std::vector<action>;

/// What `o` is called when somebody writes about it. `exactly`: only in the state that was seen.
target at(const resource& of, const api::metadata& meta);
target exactly(const resource& of, const api::metadata& meta);

/// Adds an owner reference that makes `owner` the controller; `version` and `kind` are the owner's.
api::owner controlled_by(const api::metadata& owner, std::string api_version, std::string kind);

} // namespace troupe::control
