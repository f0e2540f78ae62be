// What the API serves beside resources: discovery, OpenAPI, version, health.
#pragma once

#include "config/api/request.hpp"
#include "config/schema/schema.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::api_server {

/// Made once per catalog; big documents are made when first asked for. Thread-safe.
class documents {
public:
  explicit documents(schema::catalog_ptr catalog);

  /// The document at a path (with its query), in the representation that `accept` wants; 404 as a
  /// Status when there is none. Health and metrics are not here: they need the process.
  api::response get(const api::request& r) const;

private:
  using maker = std::function<api::response(const api::request&)>;
  api::response cached(const std::string& key, const std::function<std::string()>& make,
                       std::string content_type) const;

  schema::catalog_ptr catalog_;
  mutable std::mutex lock_;
  mutable std::map<std::string, shared_bytes> made_;
};

} // namespace troupe::api_server
