#include "config/pki/cluster.hpp"

#include "config/pki/files.hpp"
#include "config/pki/jwt.hpp"

namespace troupe::pki {
namespace {

constexpr std::string_view serving_name = "apiserver";
constexpr std::string_view peer_name = "peer";

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// The names under which pods and users reach the API.
subject serving_subject(const member& who, const cluster_plan& api) {
  subject out{.who = {.name = "kube-apiserver"}, .use = usage::server};
  out.dns = {"kubernetes",
             "kubernetes.default",
             "kubernetes.default.svc",
             "kubernetes.default.svc." + api.dns_domain,
             "localhost",
             who.name};
  append(out.dns, who.dns);
  append(out.dns, api.api_dns);
  out.ips = {"127.0.0.1", "::1"};
  append(out.ips, who.ips);
  append(out.ips, api.api_ips);
  return out;
}

result<void> save_pair(const certificate& cert, const key& secret, const std::filesystem::path& dir,
                       std::string_view name) {
  std::string stem{name};
  CHECK_RETURN(write_file(dir / (stem + ".key"), secret.private_pem(), secrecy::secret));
  return write_file(dir / (stem + ".crt"), cert.to_pem(), secrecy::open);
}

result<authority> load_authority(const std::filesystem::path& dir, std::string_view name) {
  std::string stem{name};
  OR_RETURN(auto cert, read_file(dir / (stem + ".crt")));
  OR_RETURN(auto secret, read_secret_file(dir / (stem + ".key")));
  return authority::from_pem(cert, secret);
}

} // namespace

std::vector<key> shared_secrets::token_verifiers() const {
  std::vector<key> out{service_accounts};
  out.insert(out.end(), former_service_accounts.begin(), former_service_accounts.end());
  return out;
}

result<shared_secrets> make_shared_secrets(instant now) {
  OR_RETURN(auto ca, authority::generate("kubernetes", now));
  OR_RETURN(auto front_proxy_ca, authority::generate("front-proxy-ca", now));
  OR_RETURN(auto front_proxy, front_proxy_ca.issue({.who = {.name = "front-proxy-client"}}, now));
  OR_RETURN(auto service_accounts, key::generate());
  return shared_secrets{.ca = std::move(ca),
                        .front_proxy_ca = std::move(front_proxy_ca),
                        .front_proxy = std::move(front_proxy),
                        .service_accounts = std::move(service_accounts)};
}

result<master_credentials> make_master(const shared_secrets& shared, const member& who,
                                       const cluster_plan& api, instant now) {
  OR_RETURN(auto serving, shared.ca.issue(serving_subject(who, api), now));
  auto about = master_subject(who.name);
  append(about.dns, who.dns);
  append(about.ips, who.ips);
  OR_RETURN(auto peer, shared.ca.issue(about, now));
  return master_credentials{std::move(serving), std::move(peer)};
}

result<credential> make_node(const authority& ca, const member& who, instant now) {
  auto about = node_subject(who.name);
  append(about.dns, who.dns);
  append(about.ips, who.ips);
  return ca.issue(about, now);
}

result<cluster> make_cluster(const cluster_plan& plan, instant now) {
  OR_RETURN(auto shared, make_shared_secrets(now));
  OR_RETURN(auto admin, shared.ca.issue(admin_subject(), now));
  cluster out{.shared = std::move(shared), .masters = {}, .nodes = {}, .admin = std::move(admin)};
  for (const auto& who : plan.masters) {
    OR_RETURN(auto made, make_master(out.shared, who, plan, now));
    out.masters.emplace(who.name, std::move(made));
  }
  for (const auto& who : plan.nodes) {
    OR_RETURN(auto made, make_node(out.shared.ca, who, now));
    out.nodes.emplace(who.name, std::move(made));
  }
  return out;
}

result<void> save(const shared_secrets& shared, const std::filesystem::path& dir) {
  CHECK_RETURN(save_pair(shared.ca.cert(), shared.ca.secret(), dir, "ca"));
  CHECK_RETURN(
    save_pair(shared.front_proxy_ca.cert(), shared.front_proxy_ca.secret(), dir, "front-proxy-ca"));
  CHECK_RETURN(save(shared.front_proxy, dir, "front-proxy-client"));
  CHECK_RETURN(write_file(dir / "sa.key", shared.service_accounts.private_pem(), secrecy::secret));
  std::string verifiers;
  for (const auto& k : shared.token_verifiers())
    verifiers += k.public_pem();
  return write_file(dir / "sa.pub", verifiers, secrecy::open);
}

result<shared_secrets> load_shared_secrets(const std::filesystem::path& dir) {
  OR_RETURN(auto ca, load_authority(dir, "ca"));
  OR_RETURN(auto front_proxy_ca, load_authority(dir, "front-proxy-ca"));
  OR_RETURN(auto front_proxy, load_credential(dir, "front-proxy-client"));
  OR_RETURN(auto pem, read_secret_file(dir / "sa.key"));
  OR_RETURN(auto service_accounts, key::from_pem(pem));
  std::vector<key> former;
  if (auto verifiers = read_file(dir / "sa.pub"))
    for (auto& k : read_public_keys(*verifiers))
      if (!k.same_public(service_accounts))
        former.push_back(std::move(k));
  return shared_secrets{.ca = std::move(ca),
                        .front_proxy_ca = std::move(front_proxy_ca),
                        .front_proxy = std::move(front_proxy),
                        .service_accounts = std::move(service_accounts),
                        .former_service_accounts = std::move(former)};
}

result<void> save(const credential& what, const std::filesystem::path& dir, std::string_view name) {
  return save_pair(what.cert, what.secret, dir, name);
}

result<credential> load_credential(const std::filesystem::path& dir, std::string_view name) {
  std::string stem{name};
  OR_RETURN(auto cert, read_file(dir / (stem + ".crt")));
  OR_RETURN(auto secret, read_secret_file(dir / (stem + ".key")));
  return read_credential(cert, secret);
}

result<void> save(const master_credentials& what, const std::filesystem::path& dir) {
  CHECK_RETURN(save(what.serving, dir, serving_name));
  return save(what.peer, dir, peer_name);
}

result<master_credentials> load_master(const std::filesystem::path& dir) {
  OR_RETURN(auto serving, load_credential(dir, serving_name));
  OR_RETURN(auto peer, load_credential(dir, peer_name));
  return master_credentials{std::move(serving), std::move(peer)};
}

} // namespace troupe::pki
