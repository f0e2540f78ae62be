// imagePullSecrets: whose name and password a registry is told.
#include "actors/kubelet/pod/base64.hpp"
#include "actors/kubelet/pod/environment.hpp"

#include <nlohmann/json.hpp>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

/// The registry and path of an image: "docker.io/library/x" for "x".
std::string full_name(std::string_view image) {
  auto slash = image.find('/');
  auto first = image.substr(0, slash);
  auto has_host = slash != std::string_view::npos
                  && (first.find('.') != std::string_view::npos
                      || first.find(':') != std::string_view::npos || first == "localhost");
  if (has_host)
    return std::string(image);
  return slash == std::string_view::npos ? "docker.io/library/" + std::string(image)
                                         : "docker.io/" + std::string(image);
}

/// A key of a credentials file as host and path: "https://index.docker.io/v1/" is docker.io.
std::string registry_of(std::string key) {
  for (const auto* scheme : {"https://", "http://"})
    if (key.starts_with(scheme))
      key.erase(0, std::string_view(scheme).size());
  for (const auto* version : {"/v1/", "/v2/", "/v1", "/v2", "/"})
    if (key.ends_with(version))
      key.erase(key.size() - std::string_view(version).size());
  return key == "index.docker.io" || key == "registry-1.docker.io" ? "docker.io" : key;
}

runtime::credentials credentials_of(const json& entry, const std::string& registry) {
  runtime::credentials out;
  out.server = registry;
  out.user = entry.value("username", std::string());
  out.password = entry.value("password", std::string());
  auto both = from_base64(entry.value("auth", std::string()));
  if (auto colon = both.find(':'); out.user.empty() && colon != std::string::npos) {
    out.user = both.substr(0, colon);
    out.password = both.substr(colon + 1);
  }
  return out;
}

} // namespace

std::optional<runtime::credentials> credentials_for(const pod& p, std::string_view image,
                                                    const references& known) {
  auto name = full_name(image);
  std::optional<runtime::credentials> best;
  std::size_t longest = 0;
  for (const auto& secret : p.pull_secrets) {
    auto found = known.find({true, secret});
    if (found == known.end())
      continue;
    for (const auto& [key, text] : found->second) {
      auto tree = json::parse(text, nullptr, false);
      if (!tree.is_object() || (key != ".dockerconfigjson" && key != ".dockercfg"))
        continue;
      const auto entries = key == ".dockercfg" ? tree : tree.value("auths", json::object());
      for (const auto& [registry_key, entry] : entries.items()) {
        auto registry = registry_of(registry_key);
        auto matches = name.starts_with(registry) && name.substr(registry.size()).starts_with('/');
        if (!matches || !entry.is_object() || (best && registry.size() <= longest))
          continue;
        best = credentials_of(entry, registry);
        longest = registry.size();
      }
    }
  }
  return best;
}

} // namespace troupe::kubelet
