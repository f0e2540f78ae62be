#include "store/seal/configuration.hpp"

#include "config/codec/base64.hpp"
#include "config/codec/yaml.hpp"

#include <nlohmann/json.hpp>

namespace troupe::seal {
namespace {

using nlohmann::json;

constexpr auto kind = "EncryptionConfiguration";
constexpr auto version = "apiserver.config.k8s.io/v1";

failure invalid(const std::string& why) {
  return {.reason = reason::invalid, .message = "read encryptionProviderConfig: " + why};
}

/// The prefix of a resource's keys (actors/api/pipeline/keys.hpp): "secrets", "deployments.apps",
/// "*.apps", "*." of the core, "*.*".
result<std::string> prefix_of(const std::string& resource) {
  auto dot = resource.find('.');
  auto plural = resource.substr(0, dot);
  auto group = dot == std::string::npos ? std::string{} : resource.substr(dot + 1);
  if (plural.empty() || resource.find('/') != std::string::npos)
    return invalid("'" + resource + "' is no resource; write it like secrets or deployments.apps");
  if (plural == "*" && dot == std::string::npos)
    return invalid("'*' is no resource; write *. for the core group or *.* for all");
  if (plural == "*" && group == "*")
    return std::string{"/registry/"};
  if (group.find('*') != std::string::npos
      || (plural != "*" && plural.find('*') != std::string::npos))
    return invalid("'" + resource + "': only a whole group (*.apps) or all (*.*) can be meant");
  auto out = "/registry/" + (group.empty() ? std::string{"core"} : group) + "/";
  return plural == "*" ? out : out + plural + "/";
}

const json& list_at(const json& tree, const char* key) {
  static const json none = json::array();
  auto found = tree.is_object() ? tree.find(key) : tree.end();
  return found != tree.end() && found->is_array() ? *found : none;
}

std::string text_at(const json& tree, const char* key) {
  auto found = tree.is_object() ? tree.find(key) : tree.end();
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

result<secret> read_secret(const json& tree) {
  secret out{.name = text_at(tree, "name"), .bytes = {}};
  auto text = text_at(tree, "secret");
  auto bytes = codec::from_base64(text);
  if (out.name.empty() || text.empty() || !bytes)
    return invalid("each key needs a name, and a secret in base64");
  out.bytes = std::move(*bytes);
  return out;
}

/// Adds what one provider says to a rule; the first one decides how it is written.
result<void> add_provider(rule& to, const json& provider, bool first) {
  if (!provider.is_object() || provider.size() != 1)
    return invalid("each provider must be one of aesgcm and identity");
  auto name = provider.items().begin().key();
  if (name == "identity") {
    to.writes_plain |= first;
    return {};
  }
  if (name != "aesgcm")
    return invalid("the provider " + name + " is not known; there are aesgcm and identity");
  const auto& keys = list_at(provider.at(name), "keys");
  if (keys.empty())
    return invalid("aesgcm needs keys");
  for (const auto& each : keys) {
    OR_RETURN(auto one, read_secret(each));
    to.secrets.push_back(std::move(one));
  }
  return {};
}

result<rule> read_rule(const json& tree) {
  rule out;
  for (const auto& each : list_at(tree, "resources")) {
    OR_RETURN(auto prefix, prefix_of(each.is_string() ? each.get<std::string>() : std::string{}));
    out.prefixes.push_back(std::move(prefix));
  }
  const auto& providers = list_at(tree, "providers");
  if (out.prefixes.empty() || providers.empty())
    return invalid("each of its rules needs resources and providers");
  for (std::size_t i = 0; i < providers.size(); ++i)
    CHECK_RETURN(add_provider(out, providers[i], i == 0));
  return out;
}

} // namespace

result<keyring_ptr> read_configuration(std::string_view yaml) {
  OR_RETURN(auto tree, codec::read_yaml(yaml));
  if (text_at(tree, "kind") != kind || text_at(tree, "apiVersion") != version)
    return invalid(std::string{"it must be an "} + kind + " of " + version);
  std::vector<rule> rules;
  for (const auto& each : list_at(tree, "resources")) {
    OR_RETURN(auto one, read_rule(each));
    rules.push_back(std::move(one));
  }
  if (rules.empty())
    return invalid("it has no resources");
  return keyring::make(std::move(rules));
}

} // namespace troupe::seal
