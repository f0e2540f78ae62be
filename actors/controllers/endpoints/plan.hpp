// The addresses behind a Service, as EndpointSlices and as the older Endpoints.
#pragma once

#include "actors/controllers/action.hpp"
#include "actors/controllers/endpoints/observed.hpp"

namespace troupe::endpoints {

inline constexpr std::size_t per_slice = 100;
inline constexpr std::size_t per_endpoints = 1000; // beyond it Endpoints are cut off
inline constexpr const char* manager = "endpointslice-controller.k8s.io";

/// Changes as few slices as it can: what stays the same is not written.
[[nodiscard]] control::actions plan_slices(const observed& o);
[[nodiscard]] control::actions plan_endpoints(const observed& o);

/// A service without a selector is its user's own business, an ExternalName has no addresses.
bool concerns_us(const views::service& s);

/// The ports of the service as this pod has them, and the pod as an endpoint; nullopt: it has no
/// address, or has ended.
struct resolved {
  std::vector<views::endpoint_port> ports; // sorted
  views::endpoint endpoint;
};
std::optional<resolved> resolve(const observed& o, const views::pod& p);

} // namespace troupe::endpoints
