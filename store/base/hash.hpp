// A 64-bit hash that is the same on every machine: for comparing replicas and checking bytes, not
// against an adversary.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::store {

/// Mixes two words into one; neither order nor zeros are lost.
std::uint64_t hash_mix(std::uint64_t a, std::uint64_t b);
std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0);

} // namespace troupe::store
