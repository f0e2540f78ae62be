// The drivers of the pod network: the interface, and the one that changes this machine.
#pragma once

#include "netd/podnet/plan.hpp"

#include <map>

namespace troupe::netd {

/// Calls may block; one at a time, on any thread.
class pod_network {
public:
  pod_network() = default;
  pod_network(const pod_network&) = delete;
  pod_network& operator=(const pod_network&) = delete;
  virtual ~pod_network() = default;

  /// Makes the machine so; changes only what differs, so it may be repeated to heal. Does as much
  /// as it can; the failure is the first one met.
  virtual result<void> apply(const podnet_plan& plan) = 0;
  /// Takes everything back. Only when the pods of this node are gone.
  virtual result<void> close() = 0;
};

/// In this process's network namespace: kernel settings, routes, then the CNI configuration, whose
/// appearance tells the runtime that the network is ready.
class host_gateway final : public pod_network {
public:
  explicit host_gateway(podnet_options options);

  result<void> apply(const podnet_plan& plan) override;
  /// Also the bridge goes, which the CNI plugin leaves behind. Kernel settings get back the values
  /// that this object found; those that an earlier, killed process changed are not known.
  result<void> close() override;

private:
  result<void> set(const std::string& setting, const std::string& value);
  result<void> set_kernel();
  result<void> set_routes(const std::vector<host::route>& wanted);
  result<void> write_cni(const node_network& self);

  podnet_options options_;
  std::map<std::string, std::string> found_; // kernel settings as they were
};

} // namespace troupe::netd
