// Discovery: which groups, versions and resources are served. Pure functions of a catalog to bytes;
// the caller keeps the bytes for as long as the catalog lives.
#pragma once

#include "config/schema/schema.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::discovery {

/// Whether a subresource answers here. Resources that answer nothing are not in the catalog.
using serves = std::function<bool(const schema::resource&, const schema::subresource&)>;
/// Every subresource.
bool serves_all(const schema::resource& of, const schema::subresource& sub);

/// GET /api: APIVersions. `address` is host:port as clients reach it.
std::string api_versions(std::string_view address);
/// GET /apis: APIGroupList.
std::string api_groups(const schema::catalog& all);
/// GET /apis/GROUP: APIGroup; nothing for a group that is not served.
std::optional<std::string> api_group(const schema::catalog& all, std::string_view group);
/// GET /api/v1 and /apis/GROUP/VERSION: APIResourceList; nothing for a version that is not served.
std::optional<std::string> api_resources(const schema::catalog& all, std::string_view group,
                                         std::string_view version, const serves& sub = serves_all);

/// APIGroupDiscoveryList of apidiscovery.k8s.io in `version` (v2 or v2beta1): of /api when `core`,
/// else of /apis.
std::string aggregated(const schema::catalog& all, std::string_view version, bool core,
                       const serves& sub = serves_all);
/// Its content type: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList".
std::string aggregated_type(std::string_view version);
/// The version of aggregated discovery that an Accept header wants first; empty: none.
std::string_view aggregated_wanted(std::string_view accept);

/// GET /version. `git_version` as in "v1.36.0+troupe.1".
std::string version_document(std::string_view git_version, std::string_view platform);

} // namespace troupe::discovery
