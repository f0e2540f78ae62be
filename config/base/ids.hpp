// Numbers that must not be mixed up: each is a type of its own, with just the arithmetic it needs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>

namespace troupe {

enum class term_id : std::uint64_t {};   // Raft term; 0: none yet
enum class log_index : std::uint64_t {}; // position in the Raft log; the first entry is 1
enum class member_id : std::uint64_t {}; // a replica of the store; 0: nobody
enum class revision : std::uint64_t {};  // one per object change; becomes resourceVersion; 0: none
enum class cause_id : std::uint64_t {
}; // a traced message: 24 bits of process tag, 40 bits of counter; 0: none

template <class T>
concept strong_id = std::is_enum_v<T> && std::is_same_v<std::underlying_type_t<T>, std::uint64_t>;

template <strong_id T> constexpr std::uint64_t raw(T id) { return static_cast<std::uint64_t>(id); }
template <strong_id T> constexpr T operator+(T id, std::uint64_t n) {
  return static_cast<T>(raw(id) + n);
}
template <strong_id T> constexpr T operator-(T id, std::uint64_t n) {
  return static_cast<T>(raw(id) - n);
}
template <strong_id T> constexpr std::uint64_t operator-(T a, T b) { return raw(a) - raw(b); }
template <strong_id T> constexpr T& operator++(T& id) { return id = id + 1; }
template <strong_id T> std::string to_string(T id) { return std::to_string(raw(id)); }

} // namespace troupe
