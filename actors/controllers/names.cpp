#include "actors/controllers/names.hpp"

#include <cstdint>

namespace troupe::control {
namespace {

// No vowels, nothing that looks alike: names that say nothing by accident.
constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";

} // namespace

std::string random_name(std::string_view prefix, random_source& random) {
  std::string out{prefix.substr(0, 58)};
  for (int i = 0; i < 5; ++i)
    out += letters[random.below(letters.size())];
  return out;
}

std::string safe_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (unsigned char c : text)
    hash = (hash ^ c) * 16777619U;
  auto out = std::to_string(hash);
  for (auto& c : out)
    c = letters[static_cast<unsigned char>(c) % letters.size()];
  return out;
}

} // namespace troupe::control
