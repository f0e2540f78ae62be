// Server-side apply and the bookkeeping of who wrote what, as pure functions of trees.
//
// A write of any kind is recorded by record_update(); an apply merges its object into the live one
// by apply(), which finds out who else cares for the fields that would change. The semantics are
// those of Kubernetes' structured merge and of its field manager, row by row in the tests.
#pragma once

#include "actors/api/apply/managers.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::apply {

/// The versions of the kind at hand, for managers that wrote in another one.
class versions {
public:
  virtual ~versions() = default;
  /// Null when the version is not served any more.
  virtual const schema::type* find(std::string_view api_version) const = 0;
  virtual nlohmann::json convert(const nlohmann::json& tree,
                                 std::string_view api_version) const = 0;
};

/// One write: who makes it, of what, and when.
struct writing {
  std::string manager;
  std::string api_version; // in which the trees are
  std::string subresource; // empty: the object itself
  std::string time;        // RFC 3339, seconds
  const schema::type* of = nullptr;
  const versions* others = nullptr;
  /// Which members of the object this write concerns (`status`, ...); empty: all.
  std::function<bool(std::string_view root)> concerns = {};
};

/// Notes a create (`before` is null) or an update: what changed is the writer's, and nobody else's.
/// A write that changes nothing leaves everything as it is. `tree`s are without managedFields.
void record_update(managers& m, const writing& w, const nlohmann::json* before,
                   const nlohmann::json& after);

/// A manager whose fields an apply would change.
struct conflict {
  identity with;
  path_set fields;
};

struct outcome {
  nlohmann::json tree;             // the new object; may hold nulls, lacks defaults
  std::vector<conflict> conflicts; // sorted; when there are some, nothing was done
};

/// Merges `config` into `live` (null: there is none). `config` was checked by check_config(); when
/// `m` is empty, what is there already belongs to before-first-apply.
/// With `force`, conflicts are won. `m` changes only when there are no conflicts.
outcome apply(managers& m, const writing& w, const nlohmann::json* live,
              const nlohmann::json& config, bool force);

/// 409 with a cause for each field, in Kubernetes' words.
failure conflict_failure(const std::vector<conflict>& conflicts);

/// As apply(), and as kubectl expects it of a server when it changes over from client-side apply:
/// conflicts over fields that the last-applied annotation states unchanged are won, and the
/// annotation follows the applied object. Does nothing special for managers but "kubectl".
outcome apply_as_kubectl(managers& m, const writing& w, const nlohmann::json* live,
                         const nlohmann::json& config, bool force);

} // namespace troupe::apply
