#include "actors/api/server/documents.hpp"

#include "actors/api/discovery/openapi.hpp"

#include <algorithm>

namespace troupe::api_server {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view platform = "linux/amd64";

bool answers(const schema::resource&, const schema::subresource& sub) {
  return sub.name == "status" || sub.name == "scale" || sub.name == "binding" || sub.name == "log"
         || sub.name == "finalize" || sub.name == "eviction" || sub.name == "approval"
         || sub.name == "token";
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/// "apps/v1" behind a prefix such as "/apis/".
struct group_version {
  std::string_view group;
  std::string_view version; // empty: only a group was named
};
group_version parse_group(std::string_view rest) {
  if (rest.ends_with('/'))
    rest.remove_suffix(1);
  auto slash = rest.find('/');
  if (slash == std::string_view::npos)
    return {rest, {}};
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

} // namespace

documents::documents(schema::catalog_ptr catalog, std::string version)
    : catalog_(std::move(catalog)), version_(std::move(version)) {}

api::response documents::cached(const std::string& key, std::string_view content_type,
                                const std::function<std::optional<std::string>()>& make) const {
  std::lock_guard guard{lock_};
  auto found = made_.find(key);
  if (found == made_.end()) {
    auto made = make();
    if (!made)
      return not_found();
    found = made_.emplace(key, share(std::move(*made))).first;
  }
  api::response out;
  out.content_type = content_type;
  out.body = found->second;
  return out;
}

api::response documents::not_found() {
  return api::status_of(
    {.reason = reason::not_found, .message = "the server could not find the requested resource"},
    {});
}

api::response documents::discovery(std::string_view path, std::string_view accept) const {
  auto aggregated = discovery::aggregated_wanted(accept);
  bool core = path == "/api";
  if ((core || path == "/apis") && !aggregated.empty())
    return cached(std::string{path} + "#" + std::string{aggregated},
                  discovery::aggregated_type(aggregated),
                  [&] { return discovery::aggregated(*catalog_, aggregated, core, answers); });
  if (core)
    return cached("/api", json_type, [&] { return discovery::api_versions(""); });
  if (path == "/apis")
    return cached("/apis", json_type, [&] { return discovery::api_groups(*catalog_); });
  if (path == "/api/v1")
    return cached("/api/v1", json_type,
                  [&] { return discovery::api_resources(*catalog_, "", "v1", answers); });
  if (!path.starts_with("/apis/"))
    return not_found();
  auto asked = parse_group(path.substr(6));
  return cached(std::string{path}, json_type, [&] {
    return asked.version.empty()
             ? discovery::api_group(*catalog_, asked.group)
             : discovery::api_resources(*catalog_, asked.group, asked.version, answers);
  });
}

api::response documents::openapi(std::string_view path, std::string_view accept) const {
  if (path == "/openapi/v2") {
    if (accept.find("proto-openapi.spec.v2") != std::string_view::npos)
      return cached("/openapi/v2#protobuf", discovery::openapi_v2_protobuf_type,
                    [&] { return discovery::openapi_v2_protobuf(*catalog_, version_, answers); });
    return cached("/openapi/v2", json_type,
                  [&] { return discovery::openapi_v2(*catalog_, version_, answers); });
  }
  if (path == "/openapi/v3")
    return cached("/openapi/v3", json_type, [&] { return discovery::openapi_v3_index(*catalog_); });
  constexpr std::string_view core = "/openapi/v3/api/";
  constexpr std::string_view groups = "/openapi/v3/apis/";
  group_version asked;
  if (path.starts_with(core))
    asked = {"", path.substr(core.size())};
  else if (path.starts_with(groups))
    asked = parse_group(path.substr(groups.size()));
  else
    return not_found();
  return cached(std::string{path}, json_type, [&] {
    return discovery::openapi_v3(*catalog_, asked.group, asked.version, version_, answers);
  });
}

api::response documents::get(const api::request& r) const {
  auto path = path_of(r.path);
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  if (path == "/version")
    return cached("/version", json_type,
                  [&] { return discovery::version_document(version_, platform); });
  if (path.starts_with("/openapi/"))
    return openapi(path, r.accept);
  if (path == "/api" || path == "/apis" || path.starts_with("/api/") || path.starts_with("/apis/"))
    return discovery(path, r.accept);
  return not_found();
}

} // namespace troupe::api_server
