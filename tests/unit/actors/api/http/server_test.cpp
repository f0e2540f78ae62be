#include "actors/api/http/gzip.hpp"
#include "tests/unit/actors/api/http/support.hpp"

#include <atomic>
#include <thread>

namespace troupe::http {
namespace {

using namespace test;

void echo(const request& asked, const responder& to) {
  to.answer({.code = 200,
             .fields = {{"X-Method", asked.method}, {"X-Target", asked.target}},
             .body = share(asked.body),
             .source = {}});
}

TEST_CASE("http server: requests on one connection are answered in turn, each with its own body") {
  certificates c;
  auto s = serve(echo, {}, c.server_side());
  client caller{{.port = s->port(), .max_connections = 1}, c.client_side()};
  for (auto size : {0U, 1U, 1000U, 20000U, 3U << 20}) {
    std::string body(size, 'x');
    auto got = caller.ask({.method = "POST", .target = "/a?b=c", .body = body}, 10s);
    REQUIRE(got.has_value());
    CHECK(got->code == 200);
    CHECK(got->fields.get("x-target") == "/a?b=c");
    CHECK(body_of(*got) == body);
  }
  CHECK(s->counts().accepted == 1);
  CHECK(s->counts().requests == 5);
}

TEST_CASE("http server: the handler learns who the client's certificate says it is") {
  certificates c;
  auto s = serve(
    [](const request& asked, const responder& to) {
      to.answer({.body = share(asked.from.who ? asked.from.who->name : "nobody"), .source = {}});
    },
    {}, c.server_side());
  auto admin = *c.ca.issue(pki::admin_subject(), now());
  client known{{.port = s->port()}, c.client_side(admin)};
  CHECK(body_of(*known.ask({}, 10s)) == "kubernetes-admin");
  client unknown{{.port = s->port()}, c.client_side()};
  CHECK(body_of(*unknown.ask({}, 10s)) == "nobody");
}

TEST_CASE("http server: a certificate of an unknown authority is refused in the handshake") {
  certificates c;
  certificates other;
  auto s = serve(echo, {}, c.server_side());
  auto forged = *other.ca.issue(pki::admin_subject(), now());
  client caller{{.port = s->port()}, c.client_side(forged)};
  CHECK(!caller.ask({}, 10s).has_value());
  s->stop(); // the client may hear of it before the server has counted
  CHECK(s->counts().requests == 0);
  CHECK(s->counts().failed_handshakes == 1);
}

TEST_CASE("http server: the answer may come later and from another thread") {
  std::vector<std::thread> threads;
  auto s = serve(
    [&](const request& asked, const responder& to) {
      threads.emplace_back(
        [to, text = asked.target] { to.answer({.body = share(text), .source = {}}); });
    },
    {.threads = 1});
  client caller{{.port = s->port()}, {}};
  for (int i = 0; i < 20; ++i)
    CHECK(body_of(*caller.ask({.target = "/" + std::to_string(i)}, 10s))
          == "/" + std::to_string(i));
  for (auto& one : threads)
    one.join();
}

TEST_CASE("http server: a request that nobody answers gets 500, and only the first answer counts") {
  auto s = serve([](const request& asked, const responder& to) {
    if (asked.target == "/throw")
      throw std::runtime_error("handler");
    if (asked.target == "/twice") {
      to.answer({.code = 201, .source = {}});
      to.answer({.code = 202, .source = {}});
    }
  });
  client caller{{.port = s->port()}, {}};
  CHECK(caller.ask({.target = "/drop"}, 10s)->code == 500);
  CHECK(caller.ask({.target = "/throw"}, 10s)->code == 500);
  CHECK(caller.ask({.target = "/twice"}, 10s)->code == 201);
}

TEST_CASE("http server: limits answer with their codes") {
  auto s = serve(echo, {.max_body = 1000, .max_header = 2000});
  client caller{{.port = s->port()}, {}};
  CHECK(caller.ask({.method = "POST", .body = std::string(1000, 'x')}, 10s)->code == 200);
  auto refused = caller.ask({.method = "POST", .body = std::string(1001, 'x')}, 10s);
  CHECK(refused->code == 413);
  CHECK(refused->body->find("\"reason\":\"RequestEntityTooLarge\"") != std::string::npos);
  CHECK(caller.ask({.method = "POST", .body = std::string(9U << 20, 'x')}, 10s)->code == 413);
  CHECK(caller.ask({.target = "/" + std::string(4000, 'x')}, 10s)->code == 431);
  bare_socket chunked{s->port()};
  chunked.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i)
    chunked.say("64\r\n" + std::string(100, 'x') + "\r\n");
  CHECK(chunked.hear_all().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("http server: what is not HTTP, or says two things about its length, gets 400") {
  auto s = serve(echo);
  for (const auto* text :
       {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    bare_socket to{s->port()};
    to.say(text);
    CHECK(to.hear_all().starts_with("HTTP/1.1 400 "));
  }
  CHECK(s->counts().requests == 0);
}

TEST_CASE("http server: requests sent ahead are answered in order") {
  auto s = serve(echo);
  bare_socket to{s->port()};
  to.say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
         "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  auto heard = to.hear_all();
  auto one = heard.find("X-Target: /1");
  auto two = heard.find("X-Target: /2");
  auto three = heard.find("X-Target: /3");
  CHECK(one < two);
  CHECK(two < three);
  CHECK(three != std::string::npos);
  CHECK(heard.ends_with("\r\n\r\nhi"));
}

TEST_CASE(
  "http server: HEAD has the length and no body; 100-continue is granted; 1.0 ends by closing") {
  auto s = serve(
    [](const request&, const responder& to) { to.answer({.body = share("12345"), .source = {}}); });
  bare_socket head{s->port()};
  head.say("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto heard = head.hear_all();
  CHECK(heard.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(heard.ends_with("\r\n\r\n"));
  bare_socket expecting{s->port()};
  expecting.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(expecting.hear_until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
  expecting.say("hi");
  CHECK(expecting.hear_until("12345").starts_with("HTTP/1.1 200 "));
  bare_socket old{s->port()};
  old.say("GET / HTTP/1.0\r\n\r\n");
  CHECK(old.hear_all().ends_with("\r\n\r\n12345"));
}

TEST_CASE("http server: a header value cannot smuggle another header in") {
  auto s = serve([](const request&, const responder& to) {
    to.answer({.fields = {{"X-A", "1\r\nX-B: 2"}}, .source = {}});
  });
  client caller{{.port = s->port()}, {}};
  auto got = *caller.ask({}, 10s);
  CHECK(!got.fields.has("X-B"));
  CHECK(got.fields.get("X-A") == "1  X-B: 2");
}

TEST_CASE("http server: long answers are compressed for those who ask, and only for them") {
  std::string text;
  for (int i = 0; i < 50000; ++i)
    text += "line " + std::to_string(i) + "\n";
  auto shared = share(text);
  auto s = serve([shared](const request& asked, const responder& to) {
    if (asked.target == "/short")
      to.answer({.body = share("short"), .source = {}});
    else if (asked.target == "/source")
      to.answer({.source = [shared, at = std::size_t{0}]() mutable -> shared_bytes {
        if (at >= shared->size())
          return nullptr;
        at += 1000;
        return share(shared->substr(at - 1000, 1000));
      }});
    else
      to.answer({.body = shared, .source = {}});
  });
  client caller{{.port = s->port()}, {}};
  for (const auto* target : {"/long", "/source"}) {
    auto plain = *caller.ask({.target = target}, 10s);
    CHECK(!plain.fields.has("Content-Encoding"));
    CHECK(body_of(plain) == text);
    auto packed =
      *caller.ask({.target = target, .fields = {{"Accept-Encoding", "deflate, gzip"}}}, 10s);
    CHECK(packed.fields.get("Content-Encoding") == "gzip");
    CHECK(body_of(packed).size() < text.size() / 2);
    CHECK(*detail::gunzip(body_of(packed), text.size()) == text);
  }
  auto small = *caller.ask({.target = "/short", .fields = {{"Accept-Encoding", "gzip"}}}, 10s);
  CHECK(!small.fields.has("Content-Encoding"));
  auto refused = *caller.ask({.target = "/long", .fields = {{"Accept-Encoding", "gzip;q=0"}}}, 10s);
  CHECK(!refused.fields.has("Content-Encoding"));
}

TEST_CASE("http server: more requests at once than allowed get 429, health excepted") {
  std::mutex mutex;
  std::vector<responder> held;
  awaited<bool> both;
  auto s = serve(
    [&](const request& asked, const responder& to) {
      if (asked.target != "/hold") {
        to.answer({.source = {}});
        return;
      }
      std::lock_guard lock{mutex};
      held.push_back(to);
      if (held.size() == 2)
        both.set(true);
    },
    {.max_in_flight = 2});
  client caller{{.port = s->port()}, {}};
  awaited<int> first;
  awaited<int> second;
  caller.send({.target = "/hold"}, 10s, [&](result<response> r) { first.set(r ? r->code : -1); });
  caller.send({.target = "/hold"}, 10s, [&](result<response> r) { second.set(r ? r->code : -1); });
  both.get();
  CHECK(s->counts().in_flight == 2);
  auto refused = *caller.ask({.target = "/other"}, 10s);
  CHECK(refused.code == 429);
  CHECK(refused.fields.get("Retry-After") == "1");
  CHECK(caller.ask({.target = "/readyz?verbose"}, 10s)->code == 200);
  for (auto& one : held)
    one.answer({.source = {}});
  CHECK(first.get() == 200);
  CHECK(second.get() == 200);
  CHECK(caller.ask({.target = "/other"}, 10s)->code == 200);
}

TEST_CASE("http server: connections beyond the cap are closed and the others served") {
  auto s = serve(echo, {.max_connections = 2});
  client caller{{.port = s->port(), .max_connections = 1}, {}};
  REQUIRE(caller.ask({}, 10s).has_value());
  bare_socket second{s->port()};
  second.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(second.hear_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  bare_socket third{s->port()};
  CHECK(third.hear_all().empty());
  CHECK(s->counts().refused == 1);
  CHECK(caller.ask({}, 10s).has_value());
}

TEST_CASE("http server: half-sent requests and idle connections are closed in their time") {
  auto s = serve(echo, {.header_deadline = 50ms, .body_deadline = 50ms, .idle_deadline = 50ms});
  for (const auto* text :
       {"", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"}) {
    bare_socket slow{s->port()};
    slow.say(text);
    CHECK(slow.hear_all().empty()); // ends by itself; the socket's own patience is ten seconds
  }
}

TEST_CASE("http server: new connections use reloaded certificates") {
  certificates old;
  certificates fresh;
  auto s = serve(echo, {}, old.server_side());
  client before{{.port = s->port()}, old.client_side()};
  client after{{.port = s->port()}, fresh.client_side()};
  CHECK(before.ask({}, 10s).has_value());
  CHECK(!after.ask({}, 10s).has_value());
  s->reload(fresh.server_side());
  CHECK(after.ask({}, 10s).has_value());
  CHECK(before.ask({}, 10s).has_value()); // on its open connection
}

TEST_CASE("http server: stopping lets an answer under way finish and closes what is idle") {
  awaited<responder> asked;
  auto s = serve([&](const request& r, const responder& to) {
    if (r.target == "/hold")
      asked.set(to);
    else
      to.answer({.source = {}});
  });
  client idle{{.port = s->port()}, {}};
  REQUIRE(idle.ask({}, 10s).has_value());
  client caller{{.port = s->port()}, {}};
  awaited<int> code;
  caller.send({.target = "/hold"}, 10s, [&](result<response> r) { code.set(r ? r->code : -1); });
  auto to = asked.get();
  std::thread stopping{[&] { s->stop(10s); }};
  to.answer({.code = 202, .source = {}});
  stopping.join();
  CHECK(code.get() == 202);
  CHECK(s->counts().connections == 0);
  CHECK(!idle.ask({}, 10s).has_value());
}

TEST_CASE("http server: a responder may outlive its server") {
  awaited<responder> asked;
  std::optional<responder> held;
  std::atomic<int> told{0};
  {
    auto s = serve([&](const request&, const responder& to) { asked.set(to); });
    client caller{{.port = s->port()}, {}};
    caller.send({}, 10s, [](const result<response>&) {});
    held = asked.get();
    held->on_gone([&] { ++told; });
    s->stop(0s);
    CHECK(held->gone());
  }
  CHECK(told == 1);
  held->answer({.source = {}});
  held->on_gone([&] { ++told; });
  CHECK(told == 2);
  CHECK(held->begin(200, {}).write(share("x")) == push::gone);
}

TEST_CASE("http server: an address that cannot be bound is a failure that names it") {
  auto s = serve(echo);
  auto twice = server::start({.listen = {{"127.0.0.1", s->port()}}}, {}, echo);
  REQUIRE(!twice.has_value());
  CHECK(twice.error().message.find(std::to_string(s->port())) != std::string::npos);
  CHECK(!server::start({.listen = {{"nowhere", 0}}}, {}, echo).has_value());
}

} // namespace
} // namespace troupe::http
