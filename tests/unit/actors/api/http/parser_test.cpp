#include "actors/api/http/gzip.hpp"
#include "actors/api/http/parser.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::http::detail {
namespace {

const std::string stream = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                           "\r\n" // an empty line before a request is ignored
                           "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
                           "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
                           "DELETE /d HTTP/1.1\r\nHost: x\r\nX-Folded: 1\r\nX-Folded: 2\r\n\r\n";

std::vector<request> read_in_pieces(random_source& chance, std::size_t longest) {
  request_parser parser{{.header = 1000, .body = 1000}};
  std::vector<request> out;
  for (std::size_t at = 0; at < stream.size();) {
    auto n = std::min<std::size_t>(chance.between(1, longest), stream.size() - at);
    auto state = parser.feed(std::string_view{stream}.substr(at, n));
    at += n;
    while (state == parsed::complete) {
      out.push_back(parser.take());
      state = parser.feed({});
    }
    REQUIRE(state == parsed::need_more);
  }
  CHECK(!parser.in_request());
  return out;
}

TEST_CASE("request parser: requests are the same wherever the stream is cut") {
  random_source chance{11};
  for (int round = 0; round < 200; ++round) {
    auto got = read_in_pieces(chance, round < 50 ? 1 + round / 10 : 80);
    REQUIRE(got.size() == 4);
    CHECK(got[0].target == "/a");
    CHECK(got[1].body == "hello");
    CHECK(got[2].body == "abcdefg");
    CHECK(got[2].method == "PUT");
    CHECK(got[3].fields.all("x-folded").size() == 2);
  }
}

TEST_CASE("request parser: bytes that make no sense never break it") {
  random_source chance{12};
  for (int round = 0; round < 3000; ++round) {
    auto text = stream;
    for (int i = 0; i < 3; ++i)
      text[chance.below(text.size())] = static_cast<char>(chance.below(256));
    request_parser parser{{.header = 300, .body = 300}};
    auto state = parser.feed(text);
    for (int i = 0; i < 10 && state == parsed::complete; ++i) {
      (void)parser.take();
      state = parser.feed({});
    }
    CHECK(state != parsed::complete);
  }
}

TEST_CASE("response parser: interim answers, bodies without a length, and bodies of HEAD") {
  response_parser until_end{false};
  CHECK(until_end.feed("HTTP/1.1 200 OK\r\n\r\nabc") == parsed::need_more);
  CHECK(until_end.take_body() == "abc");
  CHECK(until_end.feed("def") == parsed::need_more);
  CHECK(until_end.end() == parsed::complete);
  CHECK(until_end.take_body() == "def");
  response_parser head{true};
  CHECK(head.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") == parsed::complete);
  response_parser cut{false};
  CHECK(cut.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc") == parsed::need_more);
  CHECK(cut.end() == parsed::malformed);
  response_parser interim{false};
  CHECK(interim.feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") == parsed::complete);
  CHECK(interim.code() == 100);
  CHECK(interim.take_rest() == "HTTP/1.1 200 OK\r\n");
}

TEST_CASE("gzip: what is packed in pieces unpacks to the whole") {
  random_source chance{13};
  for (std::size_t size : {0U, 1U, 65536U, 65537U, 400000U}) {
    std::string text(size, ' ');
    for (auto& c : text)
      c = static_cast<char>('a' + chance.below(6));
    auto half = text.size() / 2;
    auto rest = share(text.substr(half));
    auto source =
      gzip(share(text.substr(0, half)), [rest]() mutable { return std::exchange(rest, nullptr); });
    std::string packed;
    while (auto piece = source()) {
      REQUIRE(!piece->empty());
      packed += *piece;
    }
    CHECK(*gunzip(packed, size) == text);
    if (size > 0)
      CHECK(gunzip(packed, size - 1).error().reason == reason::too_large);
  }
  CHECK(!gunzip("no gzip", 100).has_value());
}

TEST_CASE("gzip: is used only where it is accepted") {
  for (const auto* yes : {"gzip", "deflate, gzip", "gzip;q=1.0", "GZIP", "br;q=1, gzip;q=0.5"})
    CHECK(accepts_gzip(yes));
  for (const auto* no : {"", "identity", "gzip;q=0", "gzip; q=0.0", "xgzip"})
    CHECK(!accepts_gzip(no));
}

} // namespace
} // namespace troupe::http::detail
