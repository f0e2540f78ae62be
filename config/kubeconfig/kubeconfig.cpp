#include "config/kubeconfig/kubeconfig.hpp"

#include "config/pki/files.hpp"

#include <charconv>
#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

namespace troupe::kubeconfig {
namespace {

std::string to_base64(const std::string& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

result<std::string> from_base64(const std::string& what, std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == ' ' || c == '\r'; });
  failure bad{.reason = reason::bad_request, .message = what + " is not base64"};
  if (text.size() % 4 != 0)
    return bad;
  std::string out(text.size() / 4 * 3, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size()));
  if (size < 0)
    return bad;
  auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

/// A scalar of a mapping; empty when it is not there.
std::string text_at(const YAML::Node& in, const char* key) {
  auto found = in[key];
  return found && found.IsScalar() ? found.Scalar() : std::string{};
}

/// The mapping named `name` in a list of {name, KIND: {...}}.
result<YAML::Node> named(const YAML::Node& root, const char* list, const char* kind,
                         const std::string& name) {
  for (const auto& one : root[list])
    if (text_at(one, "name") == name && one[kind])
      return YAML::Node{one[kind]};
  return failure{.reason = reason::not_found,
                 .message = "the kubeconfig has no " + std::string{kind} + " \"" + name + "\""};
}

/// KEY-data if it is there, else the file that KEY names, else nothing.
result<std::string> embedded_or_file(const YAML::Node& in, const std::string& key,
                                     const std::filesystem::path& base) {
  if (auto data = text_at(in, (key + "-data").c_str()); !data.empty())
    return from_base64(key + "-data", data);
  if (auto file = text_at(in, key.c_str()); !file.empty())
    return pki::read_file(base / file); // an absolute path stays what it is
  return std::string{};
}

result<access> decode_root(const YAML::Node& root, std::string context,
                           const std::filesystem::path& base) {
  if (!root.IsMap())
    return failure{.reason = reason::bad_request, .message = "the kubeconfig is no mapping"};
  if (context.empty())
    context = text_at(root, "current-context");
  OR_RETURN(auto chosen, named(root, "contexts", "context", context));
  access out;
  out.cluster = text_at(chosen, "cluster");
  out.user = text_at(chosen, "user");
  out.ns = text_at(chosen, "namespace");
  OR_RETURN(auto cluster, named(root, "clusters", "cluster", out.cluster));
  OR_RETURN(auto user, named(root, "users", "user", out.user));
  out.server = text_at(cluster, "server");
  out.server_name = text_at(cluster, "tls-server-name");
  out.insecure = text_at(cluster, "insecure-skip-tls-verify") == "true";
  out.token = text_at(user, "token");
  OR_RETURN(out.ca_pem, embedded_or_file(cluster, "certificate-authority", base));
  OR_RETURN(out.certificate_pem, embedded_or_file(user, "client-certificate", base));
  OR_RETURN(out.key_pem, embedded_or_file(user, "client-key", base));
  return out;
}

YAML::Node entry(const std::string& name, const char* kind, const YAML::Node& of) {
  YAML::Node out;
  out["name"] = name;
  out[kind] = of;
  return out;
}

} // namespace

std::string encode(const access& what) {
  YAML::Node cluster;
  cluster["server"] = what.server;
  if (!what.ca_pem.empty())
    cluster["certificate-authority-data"] = to_base64(what.ca_pem);
  if (!what.server_name.empty())
    cluster["tls-server-name"] = what.server_name;
  if (what.insecure)
    cluster["insecure-skip-tls-verify"] = true;
  YAML::Node user{YAML::NodeType::Map};
  if (!what.certificate_pem.empty())
    user["client-certificate-data"] = to_base64(what.certificate_pem);
  if (!what.key_pem.empty())
    user["client-key-data"] = to_base64(what.key_pem);
  if (!what.token.empty())
    user["token"] = what.token;
  YAML::Node context;
  context["cluster"] = what.cluster;
  context["user"] = what.user;
  if (!what.ns.empty())
    context["namespace"] = what.ns;
  auto name = what.user + "@" + what.cluster;
  YAML::Node root;
  root["apiVersion"] = "v1";
  root["kind"] = "Config";
  root["clusters"].push_back(entry(what.cluster, "cluster", cluster));
  root["users"].push_back(entry(what.user, "user", user));
  root["contexts"].push_back(entry(name, "context", context));
  root["current-context"] = name;
  YAML::Emitter out;
  out << root;
  return std::string{out.c_str()} + "\n";
}

result<access> decode(const std::string& yaml, const std::string& context,
                      const std::filesystem::path& base) {
  try {
    return decode_root(YAML::Load(yaml), context, base);
  } catch (const YAML::Exception& why) {
    return failure{.reason = reason::bad_request,
                   .message = std::string{"reading a kubeconfig: "} + why.what()};
  }
}

result<void> save(const access& what, const std::filesystem::path& file) {
  return pki::write_file(file, encode(what), pki::secrecy::secret);
}

result<access> load(const std::filesystem::path& file, const std::string& context) {
  OR_RETURN(auto yaml, pki::read_file(file));
  return decode(yaml, context, file.parent_path());
}

result<server_address> parse_server(const std::string& url) {
  failure bad{.reason = reason::bad_request,
              .message = "\"" + url + "\" is not https://HOST[:PORT]"};
  server_address out;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    out.tls = false;
    out.port = 80;
  } else {
    return bad;
  }
  auto host = rest.substr(0, rest.find('/'));
  out.path = rest.substr(host.size());
  while (out.path.ends_with('/'))
    out.path.pop_back();
  auto bracket = host.starts_with('[') ? host.find(']') : std::string_view::npos;
  auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    auto port = host.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0)
      return bad;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  if (host.empty())
    return bad;
  out.host = host;
  return out;
}

} // namespace troupe::kubeconfig
