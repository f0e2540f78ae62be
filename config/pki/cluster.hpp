// The whole PKI of a cluster: its authorities, its service-account keys and everybody's
// certificates.
#pragma once

#include "config/pki/certificate.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace troupe::pki {

/// A process with a name and the names and addresses under which it is reached.
struct member {
  std::string name;
  std::vector<std::string> dns;
  std::vector<std::string> ips;
};

struct cluster_plan {
  std::vector<member> masters;
  std::vector<member> nodes;
  /// Further names and addresses of the API: the balancer's, the service's (10.96.0.1).
  std::vector<std::string> api_dns;
  std::vector<std::string> api_ips;
  std::string dns_domain = "cluster.local";
};

/// What a master holds beside the shared part: `serving` answers HTTPS, `peer` speaks on links.
struct master_credentials {
  credential serving;
  credential peer;
};

/// What every master holds and what makes it a master.
struct shared_secrets {
  authority ca;
  authority front_proxy_ca; // of the requests that the aggregator hands on
  credential front_proxy;   // CN front-proxy-client
  key service_accounts;     // signs their tokens
  /// What verifies them: the signing key, and those of sa.pub that signed before it (rotation).
  std::vector<key> token_verifiers() const;
  std::vector<key> former_service_accounts{};
};

struct cluster {
  shared_secrets shared;
  std::map<std::string, master_credentials> masters;
  std::map<std::string, credential> nodes;
  credential admin;
};

result<shared_secrets> make_shared_secrets(instant now);
/// `api` names what else the serving certificate must cover.
result<master_credentials> make_master(const shared_secrets& shared, const member& who,
                                       const cluster_plan& api, instant now);
result<credential> make_node(const authority& ca, const member& who, instant now);
result<cluster> make_cluster(const cluster_plan& plan, instant now);

/// Kubernetes' (kubeadm's) file names below `dir`: ca.crt, ca.key, front-proxy-ca.crt/key,
/// front-proxy-client.crt/key, sa.key, sa.pub.
result<void> save(const shared_secrets& shared, const std::filesystem::path& dir);
result<shared_secrets> load_shared_secrets(const std::filesystem::path& dir);
/// NAME.crt and NAME.key below `dir`.
result<void> save(const credential& what, const std::filesystem::path& dir, std::string_view name);
result<credential> load_credential(const std::filesystem::path& dir, std::string_view name);
/// apiserver.crt/key and peer.crt/key below `dir`.
result<void> save(const master_credentials& what, const std::filesystem::path& dir);
result<master_credentials> load_master(const std::filesystem::path& dir);

} // namespace troupe::pki
