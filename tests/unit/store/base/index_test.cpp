#include "config/base/random.hpp"
#include "store/base/index.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <thread>

namespace troupe::store {
namespace {

using model = std::map<std::string, std::uint64_t>; // key -> revision

record_ptr make(const std::string& key, std::uint64_t at) {
  return std::make_shared<const record>(record{
    .key = key, .value = share("v" + std::to_string(at)), .created = {}, .modified = revision{at}});
}

std::string random_key(random_source& chance, std::uint64_t space) {
  static const char* const parts[] = {"pods/",   "pods",     "nodes/",   "",
                                      "pods/a/", "\xff\xff", "pods/\xff"};
  std::string key = parts[chance.below(std::size(parts))];
  return key + std::to_string(chance.below(space));
}

model all(const record_index& index) {
  model out;
  index.scan({}, [&](const record_ptr& r) {
    out.emplace(r->key, raw(r->modified));
    return true;
  });
  return out;
}

std::vector<std::string> wanted(const model& expected, const range& r) {
  std::vector<std::string> out;
  for (auto& [key, at] : expected)
    if (key.starts_with(r.prefix) && key >= r.from && (r.limit == 0 || out.size() < r.limit))
      out.push_back(key);
  return out;
}

std::vector<std::string> scanned(const record_index& index, const range& r) {
  std::vector<std::string> out;
  index.scan(r, [&](const record_ptr& each) {
    out.push_back(each->key);
    return true;
  });
  return out;
}

void compare(const record_index& index, const model& expected, random_source& chance) {
  index.check();
  REQUIRE(index.size() == expected.size());
  REQUIRE(all(index) == expected);
  for (int i = 0; i < 20; ++i) {
    auto key = random_key(chance, 400);
    auto found = index.find(key);
    auto at = expected.find(key);
    REQUIRE((found != nullptr) == (at != expected.end()));
    if (found)
      REQUIRE(raw(found->modified) == at->second);
    auto prefix = key.substr(0, chance.below(key.size() + 1));
    REQUIRE(index.count(prefix) == wanted(expected, {.prefix = prefix, .from = {}}).size());
    range r{.prefix = prefix,
            .from = chance.chance(1, 2) ? random_key(chance, 400) : "",
            .limit = chance.below(5)};
    REQUIRE(scanned(index, r) == wanted(expected, r));
  }
}

TEST_CASE("index: behaves as an ordered map, and its copies never change") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    random_source chance{seed};
    record_index index;
    model expected;
    std::vector<std::pair<record_index, model>> copies;
    auto space = 10 + chance.below(800);
    for (std::uint64_t step = 1; step <= 6000; ++step) {
      auto key = random_key(chance, space);
      auto growing = (step / 1500) % 2 == 0; // phases of growth and of shrinking
      if (chance.chance(growing ? 7 : 2, 10)) {
        auto before = index.put(make(key, step));
        auto at = expected.find(key);
        REQUIRE((before != nullptr) == (at != expected.end()));
        expected[key] = step;
      } else {
        auto before = index.erase(key);
        REQUIRE((before != nullptr) == (expected.erase(key) == 1));
      }
      if (chance.chance(1, 300))
        copies.emplace_back(index, expected);
      if (step % 1000 == 0)
        compare(index, expected, chance);
    }
    for (auto& [copy, then] : copies)
      compare(copy, then, chance);
  }
}

TEST_CASE("index: shrinks back to nothing") {
  record_index index;
  for (std::uint64_t i = 0; i < 5000; ++i)
    index.put(make(std::to_string(i), i));
  CHECK(index.check() >= 3);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    REQUIRE(index.erase(std::to_string(i)));
    if (i % 100 == 0)
      index.check();
  }
  CHECK(index.size() == 0);
  CHECK(index.check() == 0);
  CHECK_FALSE(index.find("1"));
  CHECK_FALSE(index.erase("1"));
  CHECK(index.count("") == 0);
}

TEST_CASE("index: built from sorted records it is the same, for every size") {
  random_source chance{5};
  for (std::uint64_t size : {0, 1, 2, 27, 28, 29, 56, 57, 784, 785, 3000}) {
    CAPTURE(size);
    model expected;
    while (expected.size() < size)
      expected.emplace(random_key(chance, 5000), expected.size());
    index_builder builder;
    for (auto& [key, at] : expected)
      builder.add(make(key, at));
    CHECK(builder.size() == size);
    auto index = builder.finish();
    compare(index, expected, chance);
    for (std::uint64_t step = 0; step < 300; ++step) { // and it can be worked on
      auto key = random_key(chance, 5000);
      index.put(make(key, step));
      expected[key] = step;
      if (auto other = expected.lower_bound(random_key(chance, 5000)); other != expected.end()) {
        REQUIRE(index.erase(other->first));
        expected.erase(other);
      }
    }
    compare(index, expected, chance);
  }
}

TEST_CASE("index: copies are read and dropped on other threads while the owner goes on") {
  record_index index;
  for (std::uint64_t i = 0; i < 2000; ++i)
    index.put(make(std::to_string(i), 0));
  std::vector<std::jthread> readers;
  std::atomic<int> wrong{0};
  for (std::uint64_t round = 1; round <= 200; ++round) {
    for (std::uint64_t i = 0; i < 50; ++i)
      index.put(make(std::to_string((round * 37 + i * 11) % 2000), round));
    if (round % 20 == 0)
      readers.emplace_back([view = make_view(index, revision{round}), &wrong] {
        std::uint64_t count = 0;
        view->scan({}, [&](const record_ptr& r) {
          ++count;
          wrong += r->modified > view->at() ? 1 : 0;
          return true;
        });
        wrong += count != 2000 || view->count("1") != 1111 ? 1 : 0;
      });
  }
  readers.clear();
  CHECK(wrong == 0);
}

} // namespace
} // namespace troupe::store
