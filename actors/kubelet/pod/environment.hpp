// The environment of a container: its variables, where their values come from, and the Services
// around it.
#pragma once

#include "actors/kubelet/pod/view.hpp"
#include "runtime/base/types.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::kubelet {

/// A ConfigMap or Secret of the pod's namespace.
struct reference {
  bool secret = false;
  std::string name;
  auto operator<=>(const reference&) const = default;
};

/// Those a pod refers to and their keys (decoded). What does not exist is not in it.
using references = std::map<reference, std::map<std::string, std::string>>;

/// All that its variables and volumes name; what is optional too.
std::set<reference> needed(const pod& p);

struct service_port {
  std::string name;
  std::string protocol = "TCP";
  std::int32_t port = 0;
  bool operator==(const service_port&) const = default;
};
struct service {
  std::string ns;
  std::string name;
  std::string address; // the cluster IP
  std::vector<service_port> ports;
  bool operator==(const service&) const = default;
};

/// What of the node and the running sandbox a pod may read of itself.
struct surroundings {
  std::string node;
  std::string host_address;
  std::vector<std::string> addresses; // the pod's
  amounts allocatable;                // of the node: what a missing limit stands for
};

using variables = std::vector<std::pair<std::string, std::string>>;

/// NAME_SERVICE_HOST and their like: default/kubernetes always, the namespace's others when wanted.
variables service_variables(const pod& p, const std::vector<service>& services);

/// A value of the pod by its path ("metadata.labels['app']"); invalid when there is no such field.
result<std::string> field_of(const pod& p, std::string_view path, const surroundings& around);
/// A container's own request or limit, rounded up to the divisor.
result<std::string> resource_of(const pod& p, const container& c, const from_resource& what,
                                const surroundings& around);

/// In order, later ones last; a failure says in Kubernetes' words what is missing.
result<variables> environment_of(const pod& p, const container& c, const references& known,
                                 const std::vector<service>& services, const surroundings& around);

/// Who to be at the registry of `image`: from the pod's imagePullSecrets (.dockerconfigjson and
/// .dockercfg), the longest matching registry first; nothing: nobody.
std::optional<runtime::credentials> credentials_for(const pod& p, std::string_view image,
                                                    const references& known);

/// Replaces $(NAME); $$(NAME) is $(NAME) as text; what is unknown stays as it is.
std::string expand(std::string_view text, const variables& known);

} // namespace troupe::kubelet
