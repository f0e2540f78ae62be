#include "actors/main/up/files.hpp"

#include "config/kubeconfig/kubeconfig.hpp"
#include "config/pki/files.hpp"
#include "config/settings/settings.hpp"

#include <filesystem>

namespace troupe::up {
namespace {

namespace fs = std::filesystem;

result<pki::shared_secrets> shared_secrets(const layout& l, instant now) {
  auto dir = l.dir + "/pki";
  if (fs::exists(dir + "/ca.key"))
    return pki::load_shared_secrets(dir);
  OR_RETURN(auto made, pki::make_shared_secrets(now));
  CHECK_RETURN(pki::save(made, dir));
  return made;
}

result<void> prepare_masters(const layout& l, const pki::shared_secrets& shared, instant now) {
  for (const auto& who : l.certificates.masters) {
    auto dir = l.pki_dir(who.name);
    if (fs::exists(dir + "/apiserver.crt"))
      continue;
    OR_RETURN(auto made, pki::make_master(shared, who, l.certificates, now));
    CHECK_RETURN(pki::save(shared, dir));
    CHECK_RETURN(pki::save(made, dir));
  }
  for (const auto& m : l.masters)
    CHECK_RETURN(pki::write_file(l.config_file(m.name), settings::dump(m), pki::secrecy::open));
  return {};
}

result<void> prepare_nodes(const layout& l, const pki::shared_secrets& shared, instant now) {
  for (const auto& who : l.certificates.nodes) {
    auto dir = l.pki_dir(who.name);
    if (fs::exists(dir + "/" + node_credential_name + ".crt"))
      continue;
    OR_RETURN(auto made, pki::make_node(shared.ca, who, now));
    CHECK_RETURN(pki::write_file(dir + "/ca.crt", shared.ca.cert().to_pem(), pki::secrecy::open));
    CHECK_RETURN(pki::save(made, dir, node_credential_name));
  }
  for (const auto& n : l.nodes)
    CHECK_RETURN(pki::write_file(l.config_file(n.name), settings::dump(n), pki::secrecy::open));
  return {};
}

result<void> prepare_kubeconfig(const layout& l, const pki::shared_secrets& shared, instant now) {
  auto server = "https://127.0.0.1:" + std::to_string(l.api_port);
  if (fs::exists(l.kubeconfig())) {
    auto there = kubeconfig::load(l.kubeconfig());
    if (there && there->server == server && there->ca_pem == shared.ca.cert().to_pem())
      return {};
  }
  OR_RETURN(auto admin, shared.ca.issue(pki::admin_subject(), now));
  kubeconfig::access access;
  access.server = server;
  access.ca_pem = shared.ca.cert().to_pem();
  access.certificate_pem = admin.cert.to_pem();
  access.key_pem = admin.secret.private_pem();
  return kubeconfig::save(access, l.kubeconfig());
}

} // namespace

result<void> prepare_files(const layout& l, instant now) {
  std::error_code why;
  for (const auto& p : l.processes)
    fs::create_directories(l.dir + "/" + p.name, why);
  if (why)
    return failure{.message =
                     "create the directories of the cluster in " + l.dir + ": " + why.message()};
  OR_RETURN(auto shared, shared_secrets(l, now));
  CHECK_RETURN(prepare_masters(l, shared, now));
  CHECK_RETURN(prepare_nodes(l, shared, now));
  return prepare_kubeconfig(l, shared, now);
}

} // namespace troupe::up
