#include "actors/bench/session.hpp"
#include "config/base/random.hpp"

#include <cstdio>

namespace troupe::bench {
namespace {

constexpr std::uint64_t key_space = 10'000;
constexpr std::size_t value_bytes = 512;
constexpr std::uint32_t page = 100; // records of a list
constexpr auto prefix = "/bench/keys/";

/// 28 bytes, as the prefix and a number.
std::string key_of(std::uint64_t n) {
  char digits[20];
  std::snprintf(digits, sizeof digits, "%016llu", static_cast<unsigned long long>(n));
  return prefix + std::string{digits};
}

/// Which key: the same sequence for both systems, another for each client.
std::uint64_t pick(std::size_t client, std::uint64_t number, std::uint64_t bound) {
  return random_source{client * 0x9e3779b97f4a7c15U + number}.below(bound);
}

std::uint64_t salt_of(std::uint64_t round, std::size_t client, std::uint64_t number) {
  return (round << 48U) + (static_cast<std::uint64_t>(client) << 32U) + number;
}

struct store_case {
  std::string name;
  std::function<operation(store_target&)> on;
};

std::vector<store_case> cases() {
  auto round = std::make_shared<std::atomic<std::uint64_t>>(1); // values differ between runs, too
  return {
    {"write",
     [round](store_target& at) {
       return [&at, round](std::size_t client, std::uint64_t n, finish to) {
         at.put(client + n, key_of(pick(client, n, key_space)),
                incompressible(value_bytes, salt_of((*round)++, client, n)), std::move(to));
       };
     }},
    {"read_linearizable",
     [](store_target& at) {
       return [&at](std::size_t client, std::uint64_t n, finish to) {
         at.get(client + n, key_of(pick(client, n, key_space)), value_bytes, std::move(to));
       };
     }},
    {"list_100",
     [](store_target& at) {
       return [&at](std::size_t client, std::uint64_t n, finish to) {
         at.list(client + n, prefix, key_of(pick(client, n, key_space - page)), page,
                 std::move(to));
       };
     }},
  };
}

} // namespace

std::vector<std::string> store_cases(std::uint32_t config_maps) {
  std::vector<std::string> out = {"memory_idle",
                                  "memory_" + std::to_string(config_maps) + "_configmaps"};
  for (const auto& c : cases())
    out.push_back(c.name);
  return out;
}

result<std::vector<row>> run_store(const options& with) {
  patience waiting;
  OR_RETURN(auto all, session::open(with, waiting, "store"));
  std::vector<row> out;
  CHECK_RETURN(all->measure_memory(out));
  auto fill = [&](store_target& at) {
    return all->fill(key_space, [&](std::size_t client, std::uint64_t n, finish to) {
      at.put(client + n, key_of(n), incompressible(value_bytes, salt_of(0, 0, n)), std::move(to));
    });
  };
  bool filled = false;
  for (const auto& c : cases()) {
    if (!all->wants(c.name))
      continue;
    if (!std::exchange(filled, true)) {
      CHECK_RETURN(fill(all->troupe()));
      if (all->etcd())
        CHECK_RETURN(fill(*all->etcd()));
    }
    std::optional<workload> on_etcd;
    if (all->etcd())
      on_etcd = workload{c.name, c.on(*all->etcd())};
    CHECK_RETURN(all->measure({c.name, c.on(all->troupe())}, on_etcd, out));
  }
  return out;
}

} // namespace troupe::bench
