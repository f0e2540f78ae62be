#include "config/kubeconfig/kubeconfig.hpp"
#include "config/pki/cluster.hpp"
#include "config/pki/files.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace troupe::kubeconfig {
namespace {

access some() {
  instant now{std::chrono::seconds{1'800'000'000}};
  auto all = *pki::make_cluster({.masters = {{"m1", {}, {}}}}, now);
  return {.server = "https://127.0.0.1:6443",
          .ca_pem = all.shared.ca.cert().to_pem(),
          .certificate_pem = all.admin.cert.to_pem(),
          .key_pem = all.admin.secret.private_pem()};
}

TEST_CASE("kubeconfig: what is written is read again") {
  auto what = some();
  CHECK(*decode(encode(what)) == what);
  what.ns = "team";
  what.token = "abc: \"def\"";
  what.server_name = "kubernetes";
  what.insecure = true;
  CHECK(*decode(encode(what)) == what);
  CHECK(*decode(encode(what), what.user + "@" + what.cluster) == what);
}

TEST_CASE("kubeconfig: a file is for its owner only, and files that it names are found beside it") {
  std::string dir = (std::filesystem::temp_directory_path() / "troupe-kc-XXXXXX").string();
  REQUIRE(mkdtemp(dir.data()) != nullptr);
  std::filesystem::path at{dir};
  auto what = some();
  REQUIRE(save(what, at / "config").has_value());
  CHECK(pki::read_secret_file(at / "config").has_value());
  CHECK(*load(at / "config") == what);
  REQUIRE(pki::write_file(at / "ca.pem", "CA", pki::secrecy::open).has_value());
  REQUIRE(pki::write_file(at / "other", R"(
current-context: b
clusters: [{name: c1, cluster: {server: "https://x", certificate-authority: ca.pem}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: a, context: {cluster: none, user: u}}, {name: b, context: {cluster: c1, user: u}}]
)",
                          pki::secrecy::secret)
            .has_value());
  auto got = *load(at / "other");
  CHECK(got.ca_pem == "CA");
  CHECK(got.token == "t");
  CHECK(load(at / "other", "a").error().reason == reason::not_found);
  std::filesystem::remove_all(at);
}

TEST_CASE("kubeconfig: what is none says so") {
  CHECK(decode("").error().reason == reason::bad_request);
  CHECK(decode("a: [").error().reason == reason::bad_request);
  CHECK(decode("current-context: x").error().reason == reason::not_found);
  CHECK(decode(R"(
current-context: a
clusters: [{name: c, cluster: {server: s, certificate-authority-data: "not base64"}}]
users: [{name: u, user: {}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
)")
          .error()
          .message
        == "certificate-authority-data is not base64");
}

TEST_CASE("kubeconfig: a server's address is taken apart") {
  auto a = *parse_server("https://127.0.0.1:6443");
  CHECK((a.tls && a.host == "127.0.0.1" && a.port == 6443 && a.path.empty()));
  auto b = *parse_server("https://example.org/prefix/");
  CHECK((b.host == "example.org" && b.port == 443 && b.path == "/prefix"));
  auto c = *parse_server("http://[::1]:8080");
  CHECK((!c.tls && c.host == "::1" && c.port == 8080));
  CHECK(parse_server("https://[fd00::1]")->host == "fd00::1");
  for (const auto* bad :
       {"", "example.org", "https://", "https://x:y", "https://x:0", "https://x:99999"})
    CHECK(parse_server(bad).error().reason == reason::bad_request);
}

} // namespace
} // namespace troupe::kubeconfig
