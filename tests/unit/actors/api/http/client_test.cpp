#include "tests/unit/actors/api/http/support.hpp"

#include <atomic>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::http {
namespace {

using namespace test;

TEST_CASE("http client: connections are reused, and no more are open than allowed") {
  auto s = serve([](const request&, const responder& to) { to.answer({.source = {}}); });
  client caller{{.port = s->port(), .max_connections = 4}, {}};
  std::atomic<int> good{0};
  awaited<bool> all;
  for (int i = 0; i < 200; ++i)
    caller.send({}, 10s, [&](const result<response>& got) {
      if (got && ++good == 200)
        all.set(true);
    });
  CHECK(all.get());
  CHECK(s->counts().accepted <= 4);
  CHECK(caller.open_connections() <= 4);
}

TEST_CASE("http client: nobody there is unavailable; no answer in time is a timeout") {
  auto taken = socket(AF_INET, SOCK_STREAM, 0); // bound, so that nobody else listens there
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(bind(taken, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(getsockname(taken, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  auto port = ntohs(at.sin_port);
  client nobody{{.port = port}, {}};
  CHECK(nobody.ask({}, 10s).error().reason == reason::unavailable);
  close(taken);
  std::mutex mutex;
  std::vector<responder> held;
  auto s = serve([&](const request&, const responder& to) {
    std::lock_guard lock{mutex};
    held.push_back(to);
  });
  client caller{{.port = s->port()}, {}};
  CHECK(caller.ask({.method = "POST"}, 50ms).error().reason == reason::timeout);
  CHECK(caller.open_connections() == 0);
}

TEST_CASE("http client: a name is resolved, and the certificate must cover it") {
  certificates c;
  auto s = serve(
    [](const request& asked, const responder& to) {
      to.answer({.body = share(std::string{asked.fields.get("Host")}), .source = {}});
    },
    {}, c.server_side());
  client by_name{{.host = "localhost", .port = s->port()}, c.client_side()};
  CHECK(body_of(*by_name.ask({}, 10s)) == "localhost:" + std::to_string(s->port()));
  client other{{.port = s->port(), .server_name = "example.org"}, c.client_side()};
  CHECK(other.ask({}, 10s).error().reason == reason::unavailable);
}

TEST_CASE("http client: a reused connection that the server closed meanwhile is replaced") {
  auto answer = [](const request&, const responder& to) { to.answer({.source = {}}); };
  auto s = serve(answer);
  auto port = s->port();
  client caller{{.port = port}, {}};
  REQUIRE(caller.ask({}, 10s).has_value());
  s = nullptr;
  s = serve(answer, {.listen = {{"127.0.0.1", port}}});
  CHECK(caller.ask({}, 10s).has_value());
}

TEST_CASE(
  "http client: an answer that breaks off is a failure, one without a length ends by closing") {
  awaited<stream> begun;
  auto s = serve([&](const request&, const responder& to) {
    auto out = to.begin(200, {});
    out.write(share("part"));
    out.abort();
  });
  client caller{{.port = s->port()}, {}};
  CHECK(caller.ask({}, 10s).error().reason == reason::timeout);
}

TEST_CASE("http client: an answer longer than allowed is refused") {
  auto s = serve([](const request&, const responder& to) {
    to.answer({.body = share(std::string(5000, 'x')), .source = {}});
  });
  client caller{{.port = s->port(), .max_answer = 4999}, {}};
  CHECK(caller.ask({}, 10s).error().reason == reason::too_large);
  client wider{{.port = s->port(), .max_answer = 5000}, {}};
  CHECK(wider.ask({}, 10s).has_value());
}

TEST_CASE("http client: what is under way when it is destroyed ends with a failure") {
  std::mutex mutex;
  std::vector<responder> held;
  awaited<bool> asked;
  auto s = serve([&](const request&, const responder& to) {
    std::lock_guard lock{mutex};
    held.push_back(to);
    asked.set(true);
  });
  std::atomic<int> failures{0};
  {
    client caller{{.port = s->port(), .max_connections = 1}, {}};
    for (int i = 0; i < 3; ++i)
      caller.send({}, 10s, [&](const result<response>& got) { failures += got ? 0 : 1; });
    asked.get();
  }
  CHECK(failures == 3);
}

} // namespace
} // namespace troupe::http
