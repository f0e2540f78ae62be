#include "actors/main/etcd_store.hpp"

#include "actors/storage/etcd/replica.hpp"
#include "config/pki/files.hpp"
#include "store/etcd/client.hpp"

#include <algorithm>

namespace troupe::program {
namespace {

constexpr duration claim_within = 10s;

result<std::string> read(const std::string& file, const char* key) {
  if (file.empty())
    return std::string{};
  auto text = pki::read_file(file);
  if (!text)
    return failure{.reason = text.error().reason,
                   .message = std::string{key} + ": " + text.error().message};
  return text;
}

} // namespace

result<std::shared_ptr<etcd::cluster>> open_etcd(const settings::master& with) {
  if (with.etcd_servers.empty())
    return std::shared_ptr<etcd::cluster>{};
  etcd::client_settings to{.endpoints = with.etcd_servers};
  OR_RETURN(to.ca_pem, read(with.etcd_ca_file, "etcdCAFile"));
  OR_RETURN(to.certificate_pem, read(with.etcd_cert_file, "etcdCertFile"));
  OR_RETURN(to.key_pem, read(with.etcd_key_file, "etcdKeyFile"));
  // Masters begin at different members: their watches are spread.
  auto first = raw(storage::member_of(with.name)) % to.endpoints.size();
  std::rotate(to.endpoints.begin(), to.endpoints.begin() + static_cast<std::ptrdiff_t>(first),
              to.endpoints.end());
  OR_RETURN(auto made, etcd::connect(std::move(to)));
  CHECK_RETURN(
    storage::claim_prefix(*made, etcd::key_space{with.etcd_prefix}, with.cluster, claim_within));
  return std::shared_ptr<etcd::cluster>{std::move(made)};
}

} // namespace troupe::program
