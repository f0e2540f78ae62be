// What the API serves beside resources: discovery, OpenAPI, version, health.
#pragma once

#include "config/api/request.hpp"
#include "config/schema/schema.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace troupe::api_server {

/// Made when first asked for, then kept for as long as the catalog. Thread-safe.
class documents {
public:
  documents(schema::catalog_ptr catalog, std::string version);

  /// The document at a path, in the form that its Accept header wants; 404 as a Status when there
  /// is none. Health and metrics are not here: they need the process.
  api::response get(const api::request& r) const;

private:
  api::response discovery(std::string_view path, std::string_view accept) const;
  api::response openapi(std::string_view path, std::string_view accept) const;
  api::response cached(const std::string& key, std::string_view content_type,
                       const std::function<std::optional<std::string>()>& make) const;
  static api::response not_found();

  schema::catalog_ptr catalog_;
  std::string version_;
  mutable std::mutex lock_;
  mutable std::map<std::string, shared_bytes> made_;
};

} // namespace troupe::api_server
