// What the endpoint controllers look at.
#pragma once

#include "config/api/views/endpoint_slice.hpp"
#include "config/api/views/pod.hpp"
#include "config/api/views/service.hpp"

#include <set>

namespace troupe::endpoints {

struct observed {
  std::uint64_t seed = 0; // of the names of new slices
  views::service service;
  std::vector<views::pod> pods;                // of its namespace: those its selector matches
  std::vector<views::endpoint_slice> slices{}; // of this service, managed by this controller
  std::optional<views::endpoints> legacy{};    // the Endpoints object of the same name
  /// Nodes that a majority of the masters has lost sight of: their pods get no traffic until they
  /// are seen again. Nothing else follows from suspicion.
  std::set<std::string> suspects{};
  /// Suspicion is suspended (after a leader change): who is out stays out for now, unless its node
  /// is among those that this master sees.
  bool suspended = false;
  std::set<std::string> seen{};
};

} // namespace troupe::endpoints
