// Who writes: managedFields between the pipeline and actors/api/apply.
#pragma once

#include "actors/api/apply/apply.hpp"
#include "actors/api/pipeline/context.hpp"

#include <string>
#include <string_view>

namespace troupe::pipeline {

/// The name that the request's writes are recorded under: its fieldManager, or what is known of who
/// asks.
std::string manager_of(const api::request& r);

/// The versions of the request's kind.
class kind_versions final : public apply::versions {
public:
  explicit kind_versions(const context& c) : c_(c) {}
  const schema::type* find(std::string_view api_version) const override;
  json convert(const json& tree, std::string_view api_version) const override;

private:
  const schema::resource* resource(std::string_view api_version) const;
  const context& c_;
};

/// The write that the request is, as the managers see it. `others` outlives it.
apply::writing writing_of(const context& c, const kind_versions& others);

/// metadata.managedFields taken out of a tree, as compact JSON; empty when there are none.
std::string take_owners(json& tree);

/// managedFields after a create (`before` is null) or an update. `sent` are those of the client,
/// `live` those of the object as it is.
std::string record_change(const context& c, std::string_view sent, std::string_view live,
                          const json* before, const json& after);

} // namespace troupe::pipeline
