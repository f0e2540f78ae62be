// Server-side printing: the rows of `kubectl get`, cell by cell as Kubernetes prints them.
#pragma once

#include "config/api/object.hpp"
#include "config/base/clock.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string>

namespace troupe::codec {

struct table_options {
  enum class include : std::uint8_t { none, metadata, object };
  include object = include::metadata;     // includeObject
  bool headers = true;                    // columnDefinitions; a watch sends them only once
  revision version{};                     // resourceVersion of the list; 0: none
  std::string next;                       // continue
  std::optional<std::uint64_t> remaining; // remainingItemCount
};

/// A meta.k8s.io/v1 Table with all columns, as JSON. `now` is what ages are counted to. An object
/// whose body cannot be read gets a row of its name and nulls.
std::string table_text(const schema::resource& of, std::span<const api::object_ptr> objects,
                       instant now, const table_options& options = {});
/// The same as a tree.
nlohmann::json table_of(const schema::resource& of, std::span<const api::object_ptr> objects,
                        instant now, const table_options& options = {});

/// Kubernetes' short form of a span of time: "45s", "3m20s", "5h", "2d3h", "400d", "3y".
std::string human_duration(duration span);

} // namespace troupe::codec
