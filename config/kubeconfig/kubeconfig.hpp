// Kubeconfig files: one cluster, one user, one context written; any of several read.
#pragma once

#include "config/base/result.hpp"

#include <filesystem>
#include <string>

namespace troupe::kubeconfig {

/// What is needed to reach a cluster as somebody.
struct access {
  std::string cluster = "troupe";
  std::string user = "kubernetes-admin";
  std::string ns;              // of the context; empty: default
  std::string server;          // https://127.0.0.1:6443
  std::string ca_pem;          // certificate-authority-data
  std::string certificate_pem; // client-certificate-data; empty: none
  std::string key_pem;         // client-key-data
  std::string token;           // bearer token; empty: none
  std::string server_name;     // tls-server-name; empty: the server's host
  bool insecure = false;       // insecure-skip-tls-verify
  bool operator==(const access&) const = default;
};

/// The YAML that kubectl reads; certificates are embedded.
std::string encode(const access& what);
/// The current context, or the one named. Files that it names (certificate-authority, client-key,
/// ...) are read, relative to `base`.
result<access> decode(const std::string& yaml, const std::string& context = {},
                      const std::filesystem::path& base = {});

/// Written whole, mode 0600.
result<void> save(const access& what, const std::filesystem::path& file);
result<access> load(const std::filesystem::path& file, const std::string& context = {});

/// Host and port of an https:// or http:// URL, with the scheme's port if it names none.
struct server_address {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string path; // prefix, without a slash at its end
};
result<server_address> parse_server(const std::string& url);

} // namespace troupe::kubeconfig
