#include "config/pki/tls.hpp"

#include <doctest/doctest.h>

#include <array>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::pki {
namespace {

instant now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

struct wire {
  std::array<int, 2> ends{};
  wire() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~wire() {
    close(ends[0]);
    close(ends[1]);
  }
};

struct world {
  authority ca = *authority::generate("kubernetes", now());
  authority stranger = *authority::generate("kubernetes", now());
  credential serving = *ca.issue(
    {.who = {"api", {}}, .dns = {"localhost"}, .ips = {"127.0.0.1"}, .use = usage::server}, now());

  tls_context server(peer_check check, std::vector<std::string> alpn = {}) const {
    return *tls_context::server({.certificate_pem = serving.cert.to_pem(),
                                 .key_pem = serving.secret.private_pem(),
                                 .ca_pem = ca.cert().to_pem(),
                                 .check = check,
                                 .alpn = std::move(alpn)});
  }
  tls_context client(const std::optional<credential>& as = {},
                     std::vector<std::string> alpn = {}) const {
    tls_options options{.ca_pem = ca.cert().to_pem(), .alpn = std::move(alpn)};
    if (as) {
      options.certificate_pem = as->cert.to_pem();
      options.key_pem = as->secret.private_pem();
    }
    return *tls_context::client(options);
  }
};

/// Both sides step until neither waits; then the client reads, which shows it a late refusal
/// (TLS 1.3).
struct meeting {
  wire over;
  tls_session server;
  tls_session client;
  tls_step server_end = tls_step::want_read;
  tls_step client_end = tls_step::want_read;

  meeting(const tls_context& s, const tls_context& c, const std::string& name = "127.0.0.1")
      : server(tls_session::accept(s, over.ends[0]))
      , client(tls_session::connect(c, over.ends[1], name)) {
    for (int i = 0; i < 10; ++i) {
      if (client_end == tls_step::want_read)
        client_end = client.handshake();
      if (server_end == tls_step::want_read)
        server_end = server.handshake();
    }
    if (client_end == tls_step::done) {
      std::array<char, 16> none{};
      if (auto read = client.read(none); read.step == tls_step::failed)
        client_end = read.step;
    }
  }
  bool good() const { return server_end == tls_step::done && client_end == tls_step::done; }
};

TEST_CASE("tls: a client's certificate tells the server who it is; without one it is nobody") {
  world w;
  auto admin = *w.ca.issue(admin_subject(), now());
  meeting known{w.server(peer_check::optional), w.client(admin)};
  REQUIRE(known.good());
  CHECK(known.server.peer() == identity{"kubernetes-admin", {"system:masters"}});
  CHECK(known.client.peer()->name == "api");
  meeting unknown{w.server(peer_check::optional), w.client()};
  REQUIRE(unknown.good());
  CHECK(!unknown.server.peer());
}

TEST_CASE("tls: strangers are refused in the handshake") {
  world w;
  auto forged = *w.stranger.issue(admin_subject(), now());
  auto expired = *w.ca.issue(admin_subject(), now() - 48h, 24h);
  auto serving = *w.ca.issue({.who = {"x", {}}, .use = usage::server}, now());
  SUBCASE("a certificate of another authority") {
    meeting m{w.server(peer_check::optional), w.client(forged)};
    CHECK(m.server_end == tls_step::failed);
    CHECK(m.client_end == tls_step::failed);
  }
  SUBCASE("an expired certificate") {
    CHECK(meeting{w.server(peer_check::optional), w.client(expired)}.server_end
          == tls_step::failed);
  }
  SUBCASE("a certificate that is not for clients") {
    CHECK(meeting{w.server(peer_check::optional), w.client(serving)}.server_end
          == tls_step::failed);
  }
  SUBCASE("no certificate where one is required") {
    CHECK(meeting{w.server(peer_check::required), w.client()}.server_end == tls_step::failed);
  }
  SUBCASE("a server under another name") {
    CHECK(meeting{w.server(peer_check::none), w.client(), "10.0.0.9"}.client_end
          == tls_step::failed);
    CHECK(meeting{w.server(peer_check::none), w.client(), "example.org"}.client_end
          == tls_step::failed);
    CHECK(meeting{w.server(peer_check::none), w.client(), "localhost"}.good());
  }
}

TEST_CASE("tls: the protocol is agreed on, and a client that asks for another gets none") {
  world w;
  auto server = w.server(peer_check::none, {"http/1.1"});
  CHECK(meeting{server, w.client({}, {"h2", "http/1.1"})}.server.alpn() == "http/1.1");
  meeting other{server, w.client({}, {"h2"})};
  CHECK(other.good());
  CHECK(other.server.alpn().empty());
}

TEST_CASE("tls: who knows only the hash of an authority trusts it, and nobody else") {
  world w;
  auto served_by = [&](const authority& by, const authority& shown) {
    auto made = *by.issue({.who = {"api", {}}, .ips = {"127.0.0.1"}, .use = usage::server}, now());
    return *tls_context::server({.certificate_pem = made.cert.to_pem() + shown.cert().to_pem(),
                                 .key_pem = made.secret.private_pem(),
                                 .check = peer_check::none});
  };
  auto joining = *tls_context::client({.ca_hash = w.ca.hash()});
  CHECK(meeting{served_by(w.ca, w.ca), joining}.good());
  CHECK(meeting{served_by(w.ca, w.ca), joining, "10.0.0.9"}.client_end == tls_step::failed);
  CHECK(meeting{served_by(w.stranger, w.stranger), joining}.client_end == tls_step::failed);
  CHECK(meeting{served_by(w.stranger, w.ca), joining}.client_end == tls_step::failed);
  CHECK(meeting{w.server(peer_check::none), joining}.good()); // shows the authority that it trusts
  auto bare = *tls_context::server({.certificate_pem = w.serving.cert.to_pem(),
                                    .key_pem = w.serving.secret.private_pem(),
                                    .check = peer_check::none});
  CHECK(meeting{bare, joining}.client_end == tls_step::failed); // shows none
}

TEST_CASE("tls: bytes go through in both directions, and an end is told from a break") {
  world w;
  meeting m{w.server(peer_check::none), w.client()};
  REQUIRE(m.good());
  std::array<char, 64> buffer{};
  CHECK(m.server.read(buffer).step == tls_step::want_read);
  CHECK(m.client.write(std::string_view{"hello"}).bytes == 5);
  auto got = m.server.read(buffer);
  CHECK(std::string_view{buffer.data(), got.bytes} == "hello");
  m.server.close();
  CHECK(m.client.read(buffer).step == tls_step::closed);
}

TEST_CASE("tls: a writer that is not read is told to wait, and goes on later without loss") {
  world w;
  meeting m{w.server(peer_check::none), w.client()};
  REQUIRE(m.good());
  std::string sent(8U << 20, 'x');
  for (std::size_t i = 0; i < sent.size(); ++i)
    sent[i] = static_cast<char>('a' + i % 23);
  std::string received;
  std::size_t at = 0;
  bool waited = false;
  std::array<char, 16384> buffer{};
  while (received.size() < sent.size()) {
    while (at < sent.size()) {
      auto moved = m.server.write(std::span{sent}.subspan(at));
      at += moved.bytes;
      if (moved.step != tls_step::done) {
        REQUIRE(moved.step == tls_step::want_write);
        waited = true;
        break;
      }
    }
    for (auto got = m.client.read(buffer); got.step == tls_step::done; got = m.client.read(buffer))
      received.append(buffer.data(), got.bytes);
  }
  CHECK(waited);
  CHECK(received == sent);
}

TEST_CASE("tls: writing to a peer that is gone fails and does not end the process") {
  world w;
  meeting m{w.server(peer_check::none), w.client()};
  REQUIRE(m.good());
  shutdown(m.over.ends[1], SHUT_RDWR);
  auto step = tls_step::done;
  for (int i = 0; i < 1000 && step == tls_step::done; ++i)
    step = m.server.write(std::string(16384, 'x')).step;
  CHECK(step == tls_step::failed);
}

TEST_CASE("tls: bad material is refused when the context is made") {
  world w;
  CHECK(!tls_context::server({}).has_value());
  CHECK(!tls_context::server(
           {.certificate_pem = w.serving.cert.to_pem(), .key_pem = w.ca.secret().private_pem()})
           .has_value());
  CHECK(!tls_context::client({.ca_pem = "no certificate"}).has_value());
}

} // namespace
} // namespace troupe::pki
