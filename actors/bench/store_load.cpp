#include "actors/bench/store_load.hpp"

#include "config/base/random.hpp"

#include <cstdio>

namespace troupe::bench {
namespace {

/// Which key: the same sequence for both systems, another for each client.
std::uint64_t pick(std::size_t client, std::uint64_t number, std::uint64_t bound) {
  return random_source{client * 0x9e3779b97f4a7c15U + number}.below(bound);
}

} // namespace

std::string key_of(std::uint64_t n) {
  char digits[20];
  std::snprintf(digits, sizeof digits, "%016llu", static_cast<unsigned long long>(n));
  return store_prefix + std::string{digits};
}

void put_fresh(store_target& at, std::size_t turn, std::string key, std::size_t size, finish to) {
  static std::atomic<std::uint64_t> round{1}; // values differ between runs, too
  at.put(turn, std::move(key), incompressible(size, round++), std::move(to));
}

operation writing(store_target& at) {
  return [&at](std::size_t client, std::uint64_t n, finish to) {
    put_fresh(at, client + n, key_of(pick(client, n, key_space)), value_bytes, std::move(to));
  };
}

operation reading(store_target& at, store_target::reading how) {
  return [&at, how](std::size_t client, std::uint64_t n, finish to) {
    at.get(client + n, key_of(pick(client, n, key_space)), value_bytes, how, std::move(to));
  };
}

operation listing(store_target& at, std::uint32_t page) {
  return [&at, page](std::size_t client, std::uint64_t n, finish to) {
    at.list(client + n, store_prefix, key_of(pick(client, n, key_space - page + 1)), page,
            std::move(to));
  };
}

} // namespace troupe::bench
