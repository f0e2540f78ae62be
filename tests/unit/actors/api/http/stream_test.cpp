#include "tests/unit/actors/api/http/support.hpp"

#include <atomic>
#include <thread>

namespace troupe::http {
namespace {

using namespace test;

/// Collects what a streamed answer brings.
struct follower {
  std::mutex mutex;
  std::condition_variable changed;
  std::string text;
  std::optional<bool> ended; // true: in order

  listener hooks() {
    return {.on_head = {},
            .on_data =
              [this](std::string_view bytes) {
                std::lock_guard lock{mutex};
                text.append(bytes);
                changed.notify_all();
                return true;
              },
            .on_end =
              [this](const result<void>& how) {
                std::lock_guard lock{mutex};
                ended = how.has_value();
                changed.notify_all();
              }};
  }
  void wait_for(std::string_view what) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, std::chrono::seconds{10}, [&] { return text.ends_with(what); }));
  }
  bool end() {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, std::chrono::seconds{10}, [&] { return ended.has_value(); }));
    return *ended;
  }
};

struct streaming {
  certificates c;
  awaited<stream> begun;
  std::unique_ptr<server> s;

  explicit streaming(server_settings with = {}) {
    s = serve([this](const request&, const responder& to) { begun.set(to.begin(200, {})); },
              std::move(with), c.server_side());
  }
};

TEST_CASE("http stream: every piece reaches the client when it is written, and then the end") {
  streaming w;
  follower f;
  client caller{{.port = w.s->port()}, w.c.client_side()};
  caller.open({}, 10s, f.hooks());
  auto to = w.begun.get();
  for (const auto* piece : {"{\"a\":1}\n", "{\"a\":2}\n", "{\"a\":3}\n"}) {
    CHECK(to.write(share(piece)) == push::queued);
    f.wait_for(piece); // before the next is written: nothing waits for more
  }
  CHECK(w.s->counts().in_flight == 0); // streams do not count
  to.end();
  CHECK(f.end());
  CHECK(to.write(share("late")) == push::gone);
}

TEST_CASE("http stream: the connection serves on after a stream's end") {
  streaming w;
  client caller{{.port = w.s->port(), .max_connections = 1}, w.c.client_side()};
  for (int i = 0; i < 3; ++i) {
    follower f;
    caller.open({}, 10s, f.hooks());
    auto to = w.begun.take();
    to.write(share("x"));
    to.end();
    CHECK(f.end());
  }
  CHECK(w.s->counts().accepted == 1);
}

TEST_CASE("http stream: the server hears that the client went away") {
  streaming w;
  awaited<bool> gone;
  {
    follower f;
    client caller{{.port = w.s->port()}, w.c.client_side()};
    caller.open({}, 10s, f.hooks());
    auto to = w.begun.get();
    to.on_gone([&] { gone.set(true); });
    to.write(share("x"));
    f.wait_for("x");
  }
  CHECK(gone.get());
  CHECK(w.begun.get().write(share("y")) == push::gone);
}

TEST_CASE("http stream: a stream that is dropped or aborted ends as broken") {
  for (bool drop : {true, false}) {
    certificates c;
    awaited<std::shared_ptr<stream>> begun;
    auto s =
      serve([&](const request&,
                const responder& to) { begun.set(std::make_shared<stream>(to.begin(200, {}))); },
            {}, c.server_side());
    follower f;
    client caller{{.port = s->port()}, c.client_side()};
    caller.open({}, 10s, f.hooks());
    auto to = begun.get();
    to->write(share("x"));
    f.wait_for("x");
    if (drop) {
      begun.set(nullptr);
      to.reset();
    } else {
      to->abort();
    }
    CHECK(!f.end());
  }
}

TEST_CASE("http stream: a reader that stops makes the stream full, and reading on drains it") {
  streaming w{{.stream_buffer = 100'000}};
  std::atomic<std::size_t> received{0};
  awaited<bool> ended;
  follower f;
  client caller{{.port = w.s->port()}, w.c.client_side()};
  auto hooks = f.hooks();
  hooks.on_data = [&](std::string_view bytes) {
    received += bytes.size();
    return true;
  };
  hooks.on_end = [&](const result<void>& how) { ended.set(how.has_value()); };
  auto call = caller.open({}, 10s, hooks);
  auto to = w.begun.get();
  call.pause();
  auto piece = share(std::string(50'000, 'x'));
  std::size_t written = 0;
  awaited<bool> drained;
  while (to.write(piece)
         == push::queued) // until what the kernel takes, and then the buffer, is full
    written += piece->size();
  CHECK(to.queued_bytes() <= 100'000);
  to.on_drain([&] { drained.set(true); });
  call.resume();
  CHECK(drained.get());
  CHECK(to.queued_bytes() <= 50'000);
  to.end();
  CHECK(ended.get());
  CHECK(received == written);
}

TEST_CASE("http stream: a reader that never reads is given up") {
  certificates c;
  awaited<stream> begun;
  auto s = serve([&](const request&, const responder& to) { begun.set(to.begin(200, {})); },
                 {.stream_buffer = 100'000, .stall_deadline = 50ms});
  bare_socket deaf{s->port()};
  deaf.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  auto to = begun.get();
  awaited<bool> gone;
  to.on_gone([&] { gone.set(true); });
  auto piece = share(std::string(50'000, 'x'));
  while (to.write(piece) != push::gone) // the kernel takes some megabytes, and then nothing
    std::this_thread::yield();
  CHECK(gone.get());
}

TEST_CASE("http client: a request may be given up while it is answered") {
  streaming w;
  follower f;
  client caller{{.port = w.s->port()}, w.c.client_side()};
  auto call = caller.open({}, 10s, f.hooks());
  auto to = w.begun.get();
  auto gone = std::make_shared<awaited<bool>>();
  to.on_gone([gone] { gone->set(true); });
  call.cancel();
  CHECK(!f.end());
  CHECK(gone->get());
}

TEST_CASE("http upgrade: bytes go both ways, early ones too, until one side closes") {
  certificates c;
  awaited<std::string> server_heard;
  awaited<bool> server_ended;
  auto s = serve(
    [&](const request& asked, const responder& to) {
      if (asked.fields.get("Upgrade") != "echo") {
        to.answer({.code = 400, .source = {}});
        return;
      }
      auto tunnel = to.upgrade({{"Upgrade", "echo"}});
      tunnel.write(share("welcome "));
      tunnel.on_data([tunnel, &server_heard, &server_ended](std::string_view bytes) {
        if (bytes.empty()) {
          server_ended.set(true);
        } else {
          server_heard.set(std::string{bytes});
          tunnel.write(share("you said " + std::string{bytes}));
        }
        return true;
      });
    },
    {}, c.server_side());
  follower f;
  client caller{{.port = s->port()}, c.client_side()};
  awaited<client::upgraded> got;
  caller.upgrade({.fields = {{"Connection", "Upgrade"}, {"Upgrade", "echo"}}}, 10s,
                 [&](result<client::upgraded> r) {
                   if (r)
                     got.set(std::move(*r));
                 });
  auto up = got.get();
  REQUIRE(up.tunnel.has_value());
  CHECK(up.head.fields.get("Upgrade") == "echo");
  auto hooks = f.hooks();
  up.tunnel->on_data([hooks](std::string_view bytes) { return hooks.on_data(bytes); });
  f.wait_for("welcome ");
  CHECK(up.tunnel->write(share("hi")) == push::queued);
  f.wait_for("you said hi");
  CHECK(server_heard.get() == "hi");
  up.tunnel->close();
  CHECK(server_ended.get());
}

TEST_CASE("http upgrade: a refusal is an answer") {
  auto s = serve([](const request&, const responder& to) {
    to.answer({.code = 403, .body = share("no"), .source = {}});
  });
  client caller{{.port = s->port()}, {}};
  awaited<client::upgraded> got;
  caller.upgrade({}, 10s, [&](result<client::upgraded> r) { got.set(std::move(*r)); });
  CHECK(got.get().head.code == 403);
  CHECK(!got.get().tunnel.has_value());
}

} // namespace
} // namespace troupe::http
