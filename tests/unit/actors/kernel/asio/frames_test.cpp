#include "actors/kernel/asio/frames.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace troupe::kernel {
namespace {

std::string framed(const std::string& payload) {
  auto head = frame_head(payload.size());
  return std::string{head.data(), head.size()} + payload;
}

TEST_CASE("frames: come out whole and in order however the bytes are cut") {
  random_source chance{7};
  std::vector<std::string> sent;
  std::string stream;
  for (int i = 0; i < 200; ++i) {
    sent.emplace_back(chance.below(i % 10 == 0 ? 20000 : 50), static_cast<char>('a' + i % 26));
    stream += framed(sent.back());
  }
  for (int round = 0; round < 20; ++round) {
    frame_reader reader;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size();) {
      auto n = std::min<std::size_t>(chance.between(1, round < 5 ? 3 : 5000), stream.size() - at);
      auto fine = reader.feed(std::string_view{stream}.substr(at, n), [&](std::string frame) {
        got.push_back(std::move(frame));
        return true;
      });
      REQUIRE(fine.has_value());
      at += n;
    }
    CHECK(got == sent);
  }
}

TEST_CASE("frames: a length beyond the limit fails as soon as it is read") {
  frame_reader reader{100};
  auto none = [](const std::string&) { return true; };
  CHECK(reader.feed(framed(std::string(100, 'x')), none).has_value());
  auto head = frame_head(101);
  CHECK(reader.feed({head.data(), 3}, none).has_value());
  CHECK(reader.feed({head.data() + 3, 1}, none).error().reason == reason::too_large);
  frame_reader full;
  CHECK(full.feed("\xff\xff\xff\xff", none).error().reason == reason::too_large);
}

TEST_CASE("frames: a taker that stops gets nothing more") {
  frame_reader reader;
  int taken = 0;
  REQUIRE(reader.feed(framed("a") + framed("b"), [&](const std::string&) { return ++taken > 1; })
            .has_value());
  CHECK(taken == 1);
}

TEST_CASE("greeting: is read as it was said, and another protocol or version is refused") {
  greeting said{.on = lane::bulk};
  for (std::size_t i = 0; i < said.token.size(); ++i)
    said.token[i] = static_cast<char>(i * 17);
  auto bytes = encode(said);
  CHECK(bytes.size() == greeting::size);
  CHECK(*decode_greeting(bytes) == said);
  for (std::size_t at : {0U, 4U, 5U}) {
    auto other = bytes;
    other[at] = '\x7f';
    CHECK(decode_greeting(other).error().reason == reason::bad_request);
  }
  CHECK(!decode_greeting(bytes.substr(1)).has_value());
}

} // namespace
} // namespace troupe::kernel
