#include "actors/main/join/enter.hpp"

#include "actors/main/join/ask.hpp"
#include "actors/main/join/machine.hpp"
#include "actors/main/masters.hpp"
#include "actors/main/up/files.hpp"
#include "config/kubeconfig/kubeconfig.hpp"
#include "config/pki/files.hpp"
#include "config/settings/settings.hpp"

#include <filesystem>

namespace troupe::join {
namespace {

namespace fs = std::filesystem;

instant now() { return std::chrono::system_clock::now(); }

std::string config_file(const std::string& dir) { return dir + "/config.yaml"; }

/// NAME=HOST:PORT,... of the others: who is named among the masters founds the cluster.
std::string others(const std::vector<std::string>& all, const std::string& own) {
  std::string out;
  for (const auto& one : all)
    if (!one.starts_with(own + "="))
      out += (out.empty() ? "" : ",") + one;
  return out;
}

/// What the program proposes for this machine, and the user may override.
std::string proposal(role r, const std::string& address) {
  auto out = "name: " + host_name() + "\nbindAddress: 0.0.0.0\n";
  if (r == role::master)
    return out + "advertiseAddress: " + address + "\n";
  return out + "nodeIP: " + address + "\nbalancerAddress: 127.0.0.1:6443\n";
}

template <class T>
result<T> load(const enter_options& o, const std::string& given,
               std::vector<std::string> decided = {}) {
  auto sets = o.sets;
  sets.push_back("dataDir=" + o.data_dir);
  sets.insert(sets.end(), decided.begin(), decided.end());
  return settings::load<T>({.given = given,
                            .file = o.config,
                            .environment = settings::environment(),
                            .sets = std::move(sets)});
}

template <class T> result<void> remember(const T& what) {
  return pki::write_file(config_file(what.data_dir), settings::dump(what), pki::secrecy::secret);
}

std::string pki_dir(const auto& with) {
  return with.pki_dir.empty() ? with.data_dir + "/pki" : with.pki_dir;
}

std::string with_port(const std::string& host, std::uint16_t port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":"
         + std::to_string(port);
}

/// What a master holds beside the shared secrets, and the administrator's kubeconfig.
result<void> write_master(const settings::master& with, const pki::shared_secrets& shared,
                          const std::optional<pki::credential>& peer) {
  pki::member self{.name = with.name, .dns = {}, .ips = {with.reached_at()}};
  pki::cluster_plan api{.masters = {}, .nodes = {}, .dns_domain = with.net.dns_domain};
  api.api_ips = {settings::first_service_address(with.net)};
  auto server = with_port(with.reached_at(), with.api_port);
  if (!with.public_endpoint.empty()) {
    server = with.public_endpoint;
    auto host = program::host_of(with.public_endpoint);
    (is_address(host) ? api.api_ips : api.api_dns).push_back(host);
  }
  OR_RETURN(auto own, pki::make_master(shared, self, api, now()));
  if (peer)
    own.peer = *peer;
  CHECK_RETURN(pki::save(shared, pki_dir(with)));
  CHECK_RETURN(pki::save(own, pki_dir(with)));
  OR_RETURN(auto admin, shared.ca.issue(pki::admin_subject(), now()));
  kubeconfig::access access;
  access.cluster = with.cluster;
  access.server = "https://" + server;
  access.ca_pem = shared.ca.cert().to_pem();
  access.certificate_pem = admin.cert.to_pem();
  access.key_pem = admin.secret.private_pem();
  return kubeconfig::save(access, with.data_dir + "/kubeconfig");
}

failure no_address() {
  return {.reason = reason::bad_request,
          .message = "find this machine's address: it has no default route; give it with --set "
                     "advertiseAddress=ADDRESS (of a node: nodeIP)"};
}

result<void> check_options(const enter_options& o) {
  auto wrong = [](std::string why) {
    return failure{.reason = reason::bad_request, .message = std::move(why)};
  };
  if (auto t = parse_token(o.token); !t)
    return wrong(t.error().message);
  if (!is_ca_hash(o.ca_hash))
    return wrong("read --ca-hash: it must be sha256: and 64 hex digits, as `troupe token create` "
                 "prints it");
  return {};
}

request request_of(const settings::master& wanted) {
  return {.role = role::master,
          .name = wanted.name,
          .address = wanted.reached_at(),
          .link_port = wanted.link_port,
          .certificate_request = {}};
}
request request_of(const settings::node& wanted) {
  return {.role = role::node,
          .name = wanted.name,
          .address = wanted.address,
          .link_port = 0,
          .certificate_request = {}};
}

/// What the cluster answered.
struct admission {
  kernel::endpoint door;
  std::string given; // what this machine proposes for itself
  entered in;
  std::string masters; // the setting
};
template <class T> result<admission> ask_for(role r, const enter_options& o) {
  CHECK_RETURN(check_options(o));
  OR_RETURN(auto door, door_of(o.address));
  auto given = proposal(r, own_address_towards(door));
  OR_RETURN(auto wanted, load<T>(o, given));
  OR_RETURN(
    auto in,
    ask_to_enter({.at = door, .token = o.token, .ca_hash = o.ca_hash, .asks = request_of(wanted)}));
  auto masters = "masters=" + others(in.said.masters, wanted.name);
  return admission{std::move(door), std::move(given), std::move(in), std::move(masters)};
}

} // namespace

bool is_member(const std::string& data_dir) { return fs::exists(config_file(data_dir)); }

result<void> check_store(const settings::master& with) {
  auto store = with.data_dir + "/store";
  if (fs::exists(store) || !with.etcd_servers.empty())
    return {};
  return failure{.reason = reason::conflict,
                 .message =
                   "start the master " + with.name + ": " + store
                   + " is gone, and with an empty one it would forget what it has promised "
                     "the others; bring it back, or remove "
                   + with.data_dir + " and join under another name"};
}

template <class T> result<T> own_settings(const enter_options& o) {
  OR_RETURN(auto was, pki::read_file(config_file(o.data_dir)));
  return load<T>(o, was);
}
template result<settings::master> own_settings(const enter_options& o);
template result<settings::node> own_settings(const enter_options& o);

result<settings::master> found(const enter_options& o, founding begins) {
  auto address = own_address();
  OR_RETURN(auto with, load<settings::master>(o, proposal(role::master, address)));
  if (with.reached_at().empty() || with.reached_at() == "0.0.0.0")
    return no_address();
  with.masters = {{with.name, with_port(with.reached_at(), with.link_port)}};
  if (!begins.secrets) {
    OR_RETURN(begins.secrets, pki::make_shared_secrets(now()));
  }
  if (begins.fill) {
    std::error_code why;
    fs::create_directories(with.data_dir, why);
    if (why)
      return system_failure("make " + with.data_dir, why.value());
    CHECK_RETURN(begins.fill(with));
  }
  CHECK_RETURN(write_master(with, *begins.secrets, std::nullopt));
  CHECK_RETURN(remember(with));
  return with;
}

std::string member_address(const settings::master& with) {
  return with.name + "=" + with_port(with.reached_at(), with.link_port);
}

result<void> remember_alone(settings::master with) {
  with.masters = {{with.name, with_port(with.reached_at(), with.link_port)}};
  return remember(with);
}

result<settings::master> join_as_master(const enter_options& o) {
  OR_RETURN(auto a, ask_for<settings::master>(role::master, o));
  OR_RETURN(auto shared, from_files(a.in.said));
  OR_RETURN(auto with, load<settings::master>(o, a.in.said.settings + a.given, {a.masters}));
  CHECK_RETURN(write_master(with, shared, a.in.own));
  CHECK_RETURN(remember(with));
  return with;
}

result<settings::node> join_as_node(const enter_options& o) {
  OR_RETURN(auto a, ask_for<settings::node>(role::node, o));
  OR_RETURN(auto with, load<settings::node>(
                         o, a.in.said.settings + a.given,
                         {a.masters, "apiEndpoint=" + with_port(a.door.host, a.door.port)}));
  auto dir = pki_dir(with);
  CHECK_RETURN(pki::write_file(dir + "/ca.crt", a.in.said.ca, pki::secrecy::open));
  CHECK_RETURN(pki::save(a.in.own, dir, up::node_credential_name));
  CHECK_RETURN(remember(with));
  return with;
}

} // namespace troupe::join
