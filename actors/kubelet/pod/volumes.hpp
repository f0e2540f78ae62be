// The files and directories that a pod's containers mount, as a value: made by a host driver.
#pragma once

#include "actors/kubelet/host.hpp"
#include "actors/kubelet/pod/make.hpp"

namespace troupe::kubelet {

/// What must be there before containers are created. `addresses`: the sandbox's. Fails with a
/// sentence for the pod's event when a volume is of a kind that is not supported, or what it shows
/// does not exist.
result<preparation> preparation_of(const pod& p, const node_facts& node, const references& known,
                                   const std::vector<std::string>& addresses);

/// Only what follows ConfigMaps, Secrets and the pod's own fields.
result<std::vector<content_to_show>> contents_of(const pod& p, const node_facts& node,
                                                 const references& known,
                                                 const std::vector<std::string>& addresses);

remains remains_of(const pod& p, const node_facts& node);

} // namespace troupe::kubelet
