// The table of what differs between the stored version of a kind and another one.
#pragma once

#include "config/versions/moves.hpp"

namespace troupe::versions {

/// One version of a kind that is not the stored one and differs from it in more than its name.
struct row {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::span<const place> places;
  /// What moves cannot say; before the places on the way to the hub, after them on the way back.
  void (*to_hub)(nlohmann::json& tree) = nullptr;
  void (*from_hub)(nlohmann::json& tree) = nullptr;
};

/// Null when the version differs from the stored one in its name only.
const row* row_of(std::string_view api_version, std::string_view kind);
std::span<const row> all_rows();

/// HorizontalPodAutoscaler of autoscaling/v1 and v2: one number here, a list of metrics there. What
/// v1 cannot say is kept in the annotations that Kubernetes uses for it, in its form.
void autoscaler_to_v2(nlohmann::json& tree);
void autoscaler_to_v1(nlohmann::json& tree);

} // namespace troupe::versions
