#include "actors/api/http/client.hpp"
#include "actors/api/http/server.hpp"
#include "netd/balancer/balancer.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::balancer {
namespace {

instant now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

/// Masters as the balancer sees them, each of which answers with its name.
struct masters {
  pki::authority ca = *pki::authority::generate("kubernetes", now());
  std::atomic<bool> ready{true};

  std::unique_ptr<http::server> serve(const std::string& name, std::uint16_t port = 0) {
    auto made =
      *ca.issue({.who = {name, {}}, .ips = {"127.0.0.1"}, .use = pki::usage::server}, now());
    auto tls = *pki::tls_context::server({.certificate_pem = made.cert.to_pem(),
                                          .key_pem = made.secret.private_pem(),
                                          .check = pki::peer_check::none});
    auto started = http::server::start(
      {.listen = {{"127.0.0.1", port}}, .threads = 1}, tls,
      [this, name](const http::request& asked, const http::responder& to) {
        if (asked.target == "/readyz")
          to.answer({.code = ready ? 200 : 503, .body = share("ok"), .source = {}});
        else if (asked.method == "POST")
          to.answer({.body = share(asked.body), .source = {}});
        else
          to.answer({.body = share(name), .source = {}});
      });
    REQUIRE(started.has_value());
    return std::move(*started);
  }
  settings to(const std::vector<const http::server*>& all) const {
    settings out{.ca_pem = ca.cert().to_pem()};
    out.check_interval = 20ms;
    for (const auto* one : all)
      out.backends.push_back({"127.0.0.1", one->port()});
    return out;
  }
  std::unique_ptr<http::client> client(std::uint16_t port) const {
    return std::make_unique<http::client>(
      http::client_settings{.port = port},
      *pki::tls_context::client({.ca_pem = ca.cert().to_pem()}));
  }
};

/// Waits for what the balancer tells of its backends.
struct watcher {
  std::mutex mutex;
  std::condition_variable changed;
  balancer* of = nullptr;

  explicit watcher(balancer& b) : of(&b) {
    b.on_change([this](const backend_status&) {
      std::lock_guard lock{mutex};
      changed.notify_all();
    });
  }
  void wait_up(std::size_t count) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, std::chrono::seconds{10}, [&] {
      std::size_t up = 0;
      for (const auto& one : of->backends())
        up += one.up ? 1 : 0;
      return up == count;
    }));
  }
};

std::string name_of(http::client& caller) {
  auto got = caller.ask({.target = "/name"}, 10s);
  return got ? *got->body : "failed: " + got.error().message;
}

TEST_CASE("balancer: connections are spread over the masters, and bytes pass through unchanged") {
  masters m;
  auto a = m.serve("a");
  auto b = m.serve("b");
  auto c = m.serve("c");
  auto running = *balancer::start(m.to({a.get(), b.get(), c.get()}));
  watcher w{*running};
  w.wait_up(3);
  std::vector<std::unique_ptr<http::client>> clients;
  std::multiset<std::string> names;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(m.client(running->port()));
    names.insert(name_of(*clients.back()));
  }
  for (const auto* name : {"a", "b", "c"})
    CHECK(names.count(name) == 3);
  std::string body(3U << 20, 'x');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 31 >> 3);
  auto got = clients[0]->ask({.method = "POST", .target = "/", .body = body}, 10s);
  REQUIRE(got.has_value());
  CHECK(*got->body == body);
}

TEST_CASE(
  "balancer: a master that dies costs no new connection, and one that comes back is used again") {
  masters m;
  auto a = m.serve("a");
  auto b = m.serve("b");
  auto with = m.to({a.get(), b.get()});
  with.check_interval = 1h; // the checks see nothing: the failed connection itself must
  auto running = *balancer::start(with);
  auto port = a->port();
  a.reset();
  for (int i = 0; i < 10; ++i)
    CHECK(name_of(*m.client(running->port())) == "b");
  CHECK(!running->backends()[0].up);
  running.reset();
  with.check_interval = 20ms;
  running = *balancer::start(with);
  watcher w{*running};
  w.wait_up(1);
  a = m.serve("a", port);
  w.wait_up(2);
  std::set<std::string> names;
  for (int i = 0; i < 4; ++i)
    names.insert(name_of(*m.client(running->port())));
  CHECK(names == std::set<std::string>{"a", "b"});
}

TEST_CASE(
  "balancer: masters that are not ready get nothing while another one is, and all if none is") {
  masters sick;
  sick.ready = false;
  masters m;
  auto b = m.serve("b");
  auto made =
    *m.ca.issue({.who = {"a", {}}, .ips = {"127.0.0.1"}, .use = pki::usage::server}, now());
  auto tls = *pki::tls_context::server({.certificate_pem = made.cert.to_pem(),
                                        .key_pem = made.secret.private_pem(),
                                        .check = pki::peer_check::none});
  auto a = *http::server::start({}, tls, [](const http::request& asked, const http::responder& to) {
    to.answer({.code = asked.target == "/readyz" ? 503 : 200, .body = share("a"), .source = {}});
  });
  auto running = *balancer::start(m.to({a.get(), b.get()}));
  watcher w{*running};
  w.wait_up(1);
  for (int i = 0; i < 6; ++i)
    CHECK(name_of(*m.client(running->port())) == "b");
  m.ready = false;
  w.wait_up(0);
  std::set<std::string> names;
  for (int i = 0; i < 4; ++i)
    names.insert(name_of(*m.client(running->port())));
  CHECK(names == std::set<std::string>{"a", "b"});
}

TEST_CASE("balancer: a master with another authority's certificate is not taken for one") {
  masters m;
  masters other;
  auto good = m.serve("good");
  auto forged = other.serve("forged");
  auto running = *balancer::start(m.to({good.get(), forged.get()}));
  watcher w{*running};
  w.wait_up(1);
  CHECK(running->backends()[0].up);
  CHECK(!running->backends()[1].up);
}

TEST_CASE("balancer: masters may come and go while it runs") {
  masters m;
  auto a = m.serve("a");
  auto b = m.serve("b");
  auto running = *balancer::start(m.to({a.get()}));
  watcher w{*running};
  w.wait_up(1);
  auto old = m.client(running->port());
  CHECK(name_of(*old) == "a");
  running->set_backends({{"127.0.0.1", b->port()}});
  w.wait_up(1);
  CHECK(name_of(*m.client(running->port())) == "b");
  CHECK(name_of(*old) == "a"); // its connection is kept
}

TEST_CASE("balancer: two share one port, and the end of one costs no new connection") {
  masters m;
  auto a = m.serve("a");
  auto with = m.to({a.get()});
  auto first = *balancer::start(with);
  with.listen_port = first->port();
  auto second = *balancer::start(with);
  first.reset();
  for (int i = 0; i < 10; ++i)
    CHECK(name_of(*m.client(with.listen_port)) == "a");
}

TEST_CASE("balancer: one side's end is passed on and the other side may go on") {
  // Plain TCP: what the balancer sees of any connection.
  auto listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(listen(listener, 8) == 0);
  REQUIRE(getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  settings with;
  with.check_interval = 1h;
  with.backends = {{"127.0.0.1", ntohs(at.sin_port)}};
  auto running = *balancer::start(with);
  auto client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = at;
  to.sin_port = htons(running->port());
  REQUIRE(connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  REQUIRE(send(client, "question", 8, MSG_NOSIGNAL) == 8);
  REQUIRE(shutdown(client, SHUT_WR) == 0);
  std::array<char, 64> buffer{};
  std::string heard;
  int server = -1;
  while (heard.empty()) { // the first connection is the check's: it says nothing and ends
    server = accept(listener, nullptr, nullptr);
    for (ssize_t n = 1; n > 0;) {
      n = recv(server, buffer.data(), buffer.size(), 0);
      heard.append(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    if (heard.empty())
      close(server);
  }
  CHECK(heard == "question");
  REQUIRE(send(server, "answer", 6, MSG_NOSIGNAL) == 6); // after the client's end
  close(server);
  std::string answer;
  for (ssize_t n = 1; n > 0;) {
    n = recv(client, buffer.data(), buffer.size(), 0);
    answer.append(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  CHECK(answer == "answer");
  close(client);
  close(listener);
}

TEST_CASE("balancer: stopping lets open connections finish, and no longer than it is told") {
  masters m;
  auto a = m.serve("a");
  auto with = m.to({a.get()});
  with.drain = 50ms;
  auto running = *balancer::start(with);
  auto caller = m.client(running->port());
  CHECK(name_of(*caller) == "a");
  running->stop();
  CHECK(name_of(*caller).starts_with("failed"));
}

} // namespace
} // namespace troupe::balancer
