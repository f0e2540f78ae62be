// The documents of OpenAPI v2 and v3.
#include "actors/api/discovery/openapi.hpp"

#include "actors/api/discovery/openapi_parts.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace troupe::discovery {

using schema::catalog;
using schema::resource;

namespace {

std::vector<const resource*> resources_of(const catalog& all, std::string_view group,
                                          std::string_view version) {
  std::vector<const resource*> out;
  std::ranges::copy_if(all.resources(), std::back_inserter(out), [&](const resource* r) {
    return r->group == group && r->version == version;
  });
  return out;
}

tree schemas_of(const catalog& all, const std::vector<const resource*>& resources,
                const dialect& how) {
  auto out = tree::object();
  for (const auto& d : definitions_of(all, resources))
    out[d.name] = schema_of(*d.of, how);
  for (const auto* r : resources)
    if (auto at = out.find(definition_name(*r)); at != out.end())
      name_kind(*at, *r);
  return out;
}

tree paths_of(const catalog& all, const std::vector<const resource*>& resources, const serves& sub,
              const dialect& how) {
  auto out = tree::object();
  for (const auto* r : resources)
    add_paths(out, all, *r, sub, how);
  return out;
}

tree document_v2(const catalog& all, std::string_view git_version, const serves& sub) {
  std::vector<const resource*> everything(all.resources().begin(), all.resources().end());
  dialect how{.three = false};
  return {{"swagger", "2.0"},
          {"info", {{"title", "Kubernetes"}, {"version", git_version}}},
          {"paths", paths_of(all, everything, sub, how)},
          {"definitions", schemas_of(all, everything, how)}};
}

/// FNV-1a over texts.
class hasher {
public:
  void add(std::string_view text) {
    for (char c : text)
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    state_ = (state_ ^ 0xffU) * 0x100000001b3U;
  }
  std::string text() const {
    std::array<char, 17> out{};
    std::snprintf(out.data(), out.size(), "%016llX", static_cast<unsigned long long>(state_));
    return out.data();
  }

private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

void add_type(hasher& to, const schema::type& of) {
  to.add(of.name);
  to.add(of.format);
  to.add(std::string(1, static_cast<char>('a' + static_cast<int>(of.what))));
  for (auto value : of.values)
    to.add(value);
  for (const auto& f : of.fields) {
    to.add(f.name);
    to.add(f.default_json);
    to.add(f.required ? "required" : "optional");
    if (f.of->name.empty())
      add_type(to, *f.of);
    else
      to.add(f.of->name);
  }
  if (of.element != nullptr) {
    if (of.element->name.empty())
      add_type(to, *of.element);
    else
      to.add(of.element->name);
  }
}

} // namespace

std::string openapi_v2(const catalog& all, std::string_view git_version, const serves& sub) {
  return document_v2(all, git_version, sub).dump();
}

std::string openapi_v2_protobuf(const catalog& all, std::string_view git_version,
                                const serves& sub) {
  return to_gnostic(document_v2(all, git_version, sub));
}

bool openapi_v2_protobuf_wanted(std::string_view accept) {
  constexpr std::string_view old_name = "com.github.proto-openapi.spec.v2@v1.0+protobuf";
  constexpr std::string_view new_name = "com.github.proto-openapi.spec.v2.v1.0+protobuf";
  return accept.find(old_name) != std::string_view::npos
         || accept.find(new_name) != std::string_view::npos;
}

std::string openapi_v3_hash(const catalog& all, std::string_view group, std::string_view version) {
  hasher out;
  auto resources = resources_of(all, group, version);
  for (const auto* r : resources) {
    out.add(r->plural);
    out.add(r->kind);
    out.add(std::to_string(r->verbs));
  }
  for (const auto& d : definitions_of(all, resources))
    add_type(out, *d.of);
  return out.text();
}

std::string openapi_v3_index(const catalog& all) {
  auto paths = tree::object();
  for (const auto* r : all.resources()) {
    auto key = r->group.empty() ? "api/" + std::string(r->version) : "apis/" + r->api_version();
    if (!paths.contains(key))
      paths[key]["serverRelativeURL"] =
        "/openapi/v3/" + key + "?hash=" + openapi_v3_hash(all, r->group, r->version);
  }
  return tree{{"paths", std::move(paths)}}.dump();
}

std::optional<std::string> openapi_v3(const catalog& all, std::string_view group,
                                      std::string_view version, std::string_view git_version,
                                      const serves& sub) {
  auto resources = resources_of(all, group, version);
  if (resources.empty())
    return {};
  dialect how{.three = true};
  return tree{{"openapi", "3.0.0"},
              {"info", {{"title", "Kubernetes"}, {"version", git_version}}},
              {"paths", paths_of(all, resources, sub, how)},
              {"components", {{"schemas", schemas_of(all, resources, how)}}}}
    .dump();
}

} // namespace troupe::discovery
