// Which Secrets, ConfigMaps, claims and accounts the pods of a node refer to: the edges by which
// the Node authorizer walks from an object to a node.
#pragma once

#include "store/base/view.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace troupe::authz {

enum class reference : std::uint8_t { secret, config_map, claim, account };

/// Whether a pod of `ns` that is bound to `node`, and is no mirror pod, refers to the object. The
/// ConfigMap kube-root-ca.crt is every pod's.
bool pods_refer(const store::view& view, std::string_view node, std::string_view ns, reference what,
                std::string_view name);

/// Whether a pod's tree refers to anything of that kind; `name` empty: to whichever.
bool refers_to(const nlohmann::json& pod, reference what, std::string_view name);

} // namespace troupe::authz
