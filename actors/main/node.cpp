#include "actors/main/node.hpp"

#include "actors/api/edge/front.hpp"
#include "actors/client/types.hpp"
#include "actors/main/host_process.hpp"
#include "actors/main/pages.hpp"
#include "actors/main/up/files.hpp"
#include "config/pki/cluster.hpp"
#include "config/pki/files.hpp"

namespace troupe::program {
namespace {

struct secrets {
  pki::credential own;
  std::string ca_pem;
};

result<secrets> load_secrets(const settings::node& with) {
  auto dir = with.pki_dir.empty() ? with.data_dir + "/pki" : with.pki_dir;
  OR_RETURN(auto own, pki::load_credential(dir, up::node_credential_name));
  OR_RETURN(auto ca, pki::read_file(dir + "/ca.crt"));
  return secrets{std::move(own), std::move(ca)};
}

/// A node that is being assembled; lives until the program ends.
class node {
public:
  node(const settings::node& with, secrets s)
      : with_(with)
      , secrets_(std::move(s))
      , host_({.who = {with.name, kernel::role::node},
               .actor_threads = with.actor_threads,
               .trace_bytes = with.trace_bytes,
               .link = with.link,
               .credential = secrets_.own,
               .ca_pem = secrets_.ca_pem}) {}

  result<int> run();

private:
  result<void> dial_masters();
  result<void> start_https();

  settings::node with_;
  secrets secrets_;
  host_process host_;
  std::vector<client::api_actor> masters_;
  std::unique_ptr<http::server> https_;
};

result<void> node::dial_masters() {
  for (const auto& m : with_.masters) {
    auto colon = m.address.rfind(':');
    if (colon == std::string::npos)
      return failure{.reason = reason::invalid,
                     .message =
                       "read the master's address '" + m.address + "': it must be HOST:PORT"};
    host_.links().dial({m.name, kernel::role::master},
                       {m.address.substr(0, colon),
                        static_cast<std::uint16_t>(std::stoul(m.address.substr(colon + 1)))});
    masters_.push_back(host_.links().import <client::api_actor>(m.name, client::api_portal));
  }
  return host_.links().start(std::nullopt);
}

result<void> node::start_https() {
  OR_RETURN(auto tls, pki::tls_context::server({.certificate_pem = secrets_.own.cert.to_pem(),
                                                .key_pem = secrets_.own.secret.private_pem(),
                                                .ca_pem = secrets_.ca_pem,
                                                .check = pki::peer_check::optional,
                                                .alpn = {"http/1.1"}}));
  http::server_settings s;
  s.listen = {{.address = with_.bind_address, .port = with_.port}};
  s.threads = with_.io_threads;
  auto pages = process_pages(host_.process(), {});
  OR_RETURN(https_, http::server::start(s, tls, [pages](http::request what, http::responder to) {
              edge::serve_pages(pages, what, to);
            }));
  return {};
}

result<int> node::run() {
  CHECK_RETURN(dial_masters());
  CHECK_RETURN(start_https());
  kernel::tree t;
  auto code = host_.run(std::move(t));
  https_->stop(1s);
  return code;
}

} // namespace

result<int> run_node(const settings::node& with) {
  OR_RETURN(auto s, load_secrets(with));
  node n{with, std::move(s)};
  return n.run();
}

} // namespace troupe::program
