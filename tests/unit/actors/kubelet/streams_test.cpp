#include "actors/kubelet/server/streams.hpp"

#include <doctest/doctest.h>

namespace {
using namespace troupe;
using namespace troupe::kubelet;
} // namespace

TEST_CASE("streams: the runtime's addresses are taken apart") {
  CHECK(parse_stream_url("http://127.0.0.1:4000/exec/T").value()
        == stream_address{"127.0.0.1", 4000, "/exec/T"});
  CHECK(parse_stream_url("http://[::1]:4000/x").value() == stream_address{"::1", 4000, "/x"});
  for (const auto* bad : {"", "https://a:1/x", "http://a/x", "http://a:b/x", "http://a:1"})
    CHECK_MESSAGE(!parse_stream_url(bad), bad);
}

TEST_CASE("streams: the API's and the kubelet's names mean the same") {
  auto kinds = [](const char* text) { return stream_kinds_of(http::parse_target(text).value()); };
  CHECK(kinds("/exec?stdin=true&stdout=true").in);
  CHECK(kinds("/exec?input=1&output=1").in);
  CHECK_FALSE(kinds("/exec?stdin=false").in);
  CHECK_FALSE(kinds("/exec?tty=true&stderr=true").err);
  auto target = http::parse_target("/exec?command=sh&command=-c&command=echo%20a").value();
  CHECK(command_of(target) == std::vector<std::string>{"sh", "-c", "echo a"});
  CHECK(ports_of(http::parse_target("/p?ports=80&ports=0&ports=x&ports=8080").value())
        == std::vector<std::int32_t>{80, 8080});
}

TEST_CASE("streams: only what the upgrade consists of is passed on") {
  http::request asked{.method = "POST", .target = "/exec/x"};
  asked.fields = {{"Authorization", "secret"},
                  {"Upgrade", "SPDY/3.1"},
                  {"Connection", "Upgrade"},
                  {"X-Stream-Protocol-Version", "v5"},
                  {"X-Stream-Protocol-Version", "v4"}};
  auto made = upgrade_request(asked, {"127.0.0.1", 4000, "/exec/T"});
  CHECK(made.method == "POST");
  CHECK(made.target == "/exec/T");
  CHECK_FALSE(made.fields.has("Authorization"));
  CHECK(made.fields.all("X-Stream-Protocol-Version").size() == 2);
  CHECK(made.fields.get("Upgrade") == "SPDY/3.1");
}
