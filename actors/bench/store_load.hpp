// The keys, values and operations of the store's cases. Inside actors/bench only.
#pragma once

#include "actors/bench/session.hpp"

namespace troupe::bench {

inline constexpr std::uint64_t key_space = 10'000;
inline constexpr std::size_t value_bytes = 512;
inline constexpr auto store_prefix = "/bench/keys/";

/// 28 bytes, as the prefix and a number.
std::string key_of(std::uint64_t n);
/// Puts `size` bytes that are unlike all others.
void put_fresh(store_target& at, std::size_t turn, std::string key, std::size_t size, finish to);

/// Puts of any key.
operation writing(store_target& at);
operation reading(store_target& at, store_target::reading how);
/// Ranges of `page` keys.
operation listing(store_target& at, std::uint32_t page);

} // namespace troupe::bench
