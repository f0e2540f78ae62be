#include "runtime/stream/log_reader.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace {

using namespace troupe;
using namespace troupe::stream;

const std::string three = "2026-11-22T16:41:34.000000001Z stdout F one\n"
                          "2026-11-22T16:41:35.5Z stderr F two\n"
                          "2026-11-22T16:41:36Z stdout F three\n";

std::string shown(std::string_view bytes, log_options wanted = {}, std::size_t step = 1000) {
  log_filter filter(wanted);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step)
    if (!filter.feed(bytes.substr(at, step), out))
      break;
  return out;
}

struct directory {
  std::filesystem::path path;
  directory() {
    auto pattern = std::filesystem::temp_directory_path() / "log-test-XXXXXX";
    auto text = pattern.string();
    path = mkdtemp(text.data());
  }
  ~directory() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return path / name; }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::app) << text;
  }
};

} // namespace

TEST_CASE("log: lines lose their prefix, or keep its time") {
  CHECK(shown(three) == "one\ntwo\nthree\n");
  CHECK(shown(three, {.timestamps = true})
        == "2026-11-22T16:41:34.000000001Z one\n2026-11-22T16:41:35.5Z two\n"
           "2026-11-22T16:41:36Z three\n");
}

TEST_CASE("log: bytes may come in any pieces") {
  for (std::size_t step = 1; step < 60; ++step)
    CHECK(shown(three, {}, step) == "one\ntwo\nthree\n");
}

TEST_CASE("log: partial lines are joined, with one timestamp") {
  const std::string bytes = "2026-11-22T16:41:34Z stdout P ab\n2026-11-22T16:41:34Z stdout P cd\n"
                            "2026-11-22T16:41:35Z stdout F ef\n2026-11-22T16:41:36Z stdout F g\n";
  CHECK(shown(bytes) == "abcdef\ng\n");
  CHECK(shown(bytes, {.timestamps = true})
        == "2026-11-22T16:41:34Z abcdef\n2026-11-22T16:41:36Z g\n");
}

TEST_CASE("log: what is not a line of a log is skipped") {
  CHECK(shown("garbage\n" + three + "2026 stdou F x\n") == "one\ntwo\nthree\n");
}

TEST_CASE("log: since, limit") {
  auto since = parse_log_time("2026-11-22T16:41:35.5Z");
  REQUIRE(since);
  CHECK(shown(three, {.since = *since}) == "two\nthree\n");
  CHECK(shown(three, {.since = *since + 1ns}) == "three\n");
  CHECK(shown(three, {.limit = 5}) == "one\nt");
  CHECK(shown(three, {.limit = 0}).empty());
}

TEST_CASE("log: times of any zone are the same instants") {
  auto utc = parse_log_time("2026-11-22T16:41:34.25Z");
  REQUIRE(utc);
  CHECK(parse_log_time("2026-11-22T17:41:34.250000000+01:00") == utc);
  CHECK(parse_log_time("2026-11-22T08:11:34.25-08:30") == utc);
  CHECK(utc->time_since_epoch() == duration(std::chrono::milliseconds(1795365694250)));
  CHECK_FALSE(parse_log_time("yesterday"));
}

TEST_CASE("log: the tail counts whole lines, partial ones with what they belong to") {
  CHECK(shown(three.substr(tail_offset(three, 1))) == "three\n");
  CHECK(shown(three.substr(tail_offset(three, 2))) == "two\nthree\n");
  CHECK(tail_offset(three, 3) == 0);
  CHECK(tail_offset(three, 9) == 0);
  CHECK(tail_offset(three, 0) == three.size());
  const std::string partial = three
                              + "2026-11-22T16:41:37Z stdout P fo\n"
                                "2026-11-22T16:41:37Z stdout F ur\n";
  CHECK(shown(partial.substr(tail_offset(partial, 1))) == "four\n");
  CHECK(shown(partial.substr(tail_offset(partial, 2))) == "three\nfour\n");
}

TEST_CASE("log: the tail of a long file is found from its end") {
  directory d;
  std::string text;
  for (int i = 0; i < 20000; ++i)
    text += "2026-11-22T16:41:34Z stdout F line " + std::to_string(i) + "\n";
  d.append("0.log", text);
  std::string out;
  REQUIRE(read_log({d.file("0.log")}, {.tail = 3000}, [&](std::string piece) {
    out += piece;
    return true;
  }));
  CHECK(out.starts_with("line 17000\n"));
  CHECK(out.ends_with("line 19999\n"));
}

TEST_CASE("log: following goes on across writes and rotation, until the container has ended") {
  directory d;
  d.append("0.log", three);
  int asked = 0;
  std::string out;
  log_source source{d.file("0.log"), [&] {
                      switch (asked++) {
                      case 0:
                        d.append("0.log", "2026-11-22T16:41:37Z stdout F four\n");
                        return true;
                      case 1:
                        std::filesystem::rename(d.file("0.log"), d.file("0.log.1"));
                        d.append("0.log.1", "2026-11-22T16:41:38Z stdout F five\n");
                        d.append("0.log", "2026-11-22T16:41:39Z stdout F six\n");
                        return true;
                      default: return false;
                      }
                    }};
  REQUIRE(read_log(source, {.follow = true}, [&](std::string piece) {
    out += piece;
    return true;
  }));
  CHECK(out == "one\ntwo\nthree\nfour\nfive\nsix\n");
}

TEST_CASE("log: a reader that has enough stops the reading") {
  directory d;
  d.append("0.log", three);
  auto pieces = 0;
  REQUIRE(read_log({d.file("0.log"), [] { return true; }}, {.follow = true}, [&](std::string) {
    ++pieces;
    return false;
  }));
  CHECK(pieces == 1);
}

TEST_CASE("log: the newest run is found, and the one before") {
  directory d;
  CHECK_FALSE(find_log(d.path, false));
  for (const auto* name : {"9.log", "10.log", "10.log.20261122", "notes"})
    d.append(name, "x");
  CHECK(find_log(d.path, false).value() == d.file("10.log"));
  CHECK(find_log(d.path, true).value() == d.file("9.log"));
  auto missing = read_log({d.file("77.log")}, {}, [](std::string) { return true; });
  REQUIRE_FALSE(missing);
  CHECK(missing.error().reason == reason::not_found);
}
