// OpenAPI: the schema as clients read it (kubectl explain, apply and its validation). Pure
// functions of a catalog to bytes; the caller keeps the bytes for as long as the catalog lives.
#pragma once

#include "actors/api/discovery/discovery.hpp"
#include "config/schema/schema.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::discovery {

/// GET /openapi/v2 as JSON. About 2 MB.
std::string openapi_v2(const schema::catalog& all, std::string_view git_version,
                       const serves& sub = serves_all);
/// The same as protobuf.
std::string openapi_v2_protobuf(const schema::catalog& all, std::string_view git_version,
                                const serves& sub = serves_all);
/// Its content type. Clients ask for it with an `@` before the version, which is no valid media
/// type, and must not get that back.
inline constexpr std::string_view openapi_v2_protobuf_type =
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// Whether an Accept header wants version 2 as protobuf.
bool openapi_v2_protobuf_wanted(std::string_view accept);

/// GET /openapi/v3: the address of the document of each group and version, with a hash of what it
/// says.
std::string openapi_v3_index(const schema::catalog& all);
/// GET /openapi/v3/api/v1 and /openapi/v3/apis/GROUP/VERSION; nothing for what is not served.
std::optional<std::string> openapi_v3(const schema::catalog& all, std::string_view group,
                                      std::string_view version, std::string_view git_version,
                                      const serves& sub = serves_all);
/// The hash in the index, as it may be asked for with `?hash=`; also a good ETag.
std::string openapi_v3_hash(const schema::catalog& all, std::string_view group,
                            std::string_view version);

} // namespace troupe::discovery
