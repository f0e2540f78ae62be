#include "config/versions/rows.hpp"

#include <algorithm>
#include <array>

namespace troupe::versions {
namespace {

constexpr std::array<move, 7> event_moves{{{"regarding", "involvedObject"},
                                           {"note", "message"},
                                           {"deprecatedSource", "source"},
                                           {"deprecatedFirstTimestamp", "firstTimestamp"},
                                           {"deprecatedLastTimestamp", "lastTimestamp"},
                                           {"deprecatedCount", "count"},
                                           {"reportingController", "reportingComponent"}}};
constexpr std::array<place, 1> event_places{{{"", event_moves}}};

// resource.k8s.io/v1beta1: a request is what its `exactly` is in v1.
constexpr std::array<move, 7> request_moves{{{"adminAccess", "exactly.adminAccess"},
                                             {"allocationMode", "exactly.allocationMode"},
                                             {"capacity", "exactly.capacity"},
                                             {"count", "exactly.count"},
                                             {"deviceClassName", "exactly.deviceClassName"},
                                             {"selectors", "exactly.selectors"},
                                             {"tolerations", "exactly.tolerations"}}};
constexpr std::array<place, 1> claim_places{{{"spec.devices.requests[]", request_moves}}};
constexpr std::array<place, 1> claim_template_places{
  {{"spec.spec.devices.requests[]", request_moves}}};

// ... and a device's `basic` is the device itself in v1.
constexpr std::array<move, 12> device_moves{
  {{"basic.allNodes", "allNodes"},
   {"basic.allowMultipleAllocations", "allowMultipleAllocations"},
   {"basic.attributes", "attributes"},
   {"basic.bindingConditions", "bindingConditions"},
   {"basic.bindingFailureConditions", "bindingFailureConditions"},
   {"basic.bindsToNode", "bindsToNode"},
   {"basic.capacity", "capacity"},
   {"basic.consumesCounters", "consumesCounters"},
   {"basic.nodeAllocatableResourceMappings", "nodeAllocatableResourceMappings"},
   {"basic.nodeName", "nodeName"},
   {"basic.nodeSelector", "nodeSelector"},
   {"basic.taints", "taints"}}};
constexpr std::array<place, 1> slice_places{{{"spec.devices[]", device_moves}}};

constexpr std::string_view resources = "resource.k8s.io";

constexpr std::array<row, 5> table{{
  {"autoscaling", "v1", "HorizontalPodAutoscaler", {}, autoscaler_to_v2, autoscaler_to_v1},
  {"events.k8s.io", "v1", "Event", event_places},
  {resources, "v1beta1", "ResourceClaim", claim_places},
  {resources, "v1beta1", "ResourceClaimTemplate", claim_template_places},
  {resources, "v1beta1", "ResourceSlice", slice_places},
}};

} // namespace

const row* row_of(std::string_view api_version, std::string_view kind) {
  auto slash = api_version.find('/');
  if (slash == api_version.npos)
    return nullptr; // core has one version, and it is the stored one
  auto at = std::ranges::find_if(table, [&](const row& r) {
    return r.kind == kind && r.group == api_version.substr(0, slash)
           && r.version == api_version.substr(slash + 1);
  });
  return at == table.end() ? nullptr : &*at;
}

std::span<const row> all_rows() { return table; }

} // namespace troupe::versions
