// What controllers read of a pod. (The scheduler reads views/scheduling.hpp, the kubelet its own.)
#pragma once

#include "config/api/views/condition.hpp"
#include "config/api/views/taint.hpp"

namespace troupe::views {

struct container_port {
  std::string name;
  std::int64_t port = 0;
  std::string protocol = "TCP";
  bool operator==(const container_port&) const = default;
};

struct pod {
  api::metadata meta;
  std::string node; // spec.nodeName; empty: not bound
  std::string phase = "Pending";
  std::string ip;
  std::string hostname;
  std::string subdomain;
  std::int64_t restarts = 0;         // the most of any container
  std::vector<container_port> ports; // of containers, then of restartable init containers
  std::vector<toleration> tolerations;
  std::vector<condition> conditions;
  bool operator==(const pod&) const = default;

  static result<pod> from(const api::object& o);

  bool ended() const { return phase == "Succeeded" || phase == "Failed"; }
  /// Neither ended nor being deleted.
  bool active() const { return !ended() && !meta.deleted; }
  bool ready() const;
  /// When it became ready; nullopt: it is not.
  std::optional<instant> ready_since() const;
  /// Ready for at least `seconds` (minReadySeconds).
  bool available(std::int64_t seconds, instant now) const;
};

} // namespace troupe::views
