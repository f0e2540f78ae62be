// An etcd cluster as a master's store: from the settings to a claimed prefix.
#pragma once

#include "config/settings/master.hpp"
#include "store/etcd/values.hpp"

#include <memory>

namespace troupe::program {

/// Blocks for some seconds when etcd does not answer. Null when the settings name no etcd.
result<std::shared_ptr<etcd::cluster>> open_etcd(const settings::master& with);

} // namespace troupe::program
