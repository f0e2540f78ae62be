// Commands drawn from a seed, over few keys so that they meet.
#pragma once

#include "config/base/random.hpp"
#include "store/machine/command.hpp"

#include <string>

namespace troupe::store {

inline std::string draw_key(random_source& chance) {
  static const char* const kinds[] = {"/pods/a/", "/pods/b/", "/nodes/", "/pods"};
  std::string kind = kinds[chance.below(4)];
  return kind + std::to_string(chance.below(12));
}

inline std::string draw_value(random_source& chance) {
  auto size = chance.below(40);
  return std::string(size, static_cast<char>('a' + chance.below(3)));
}

/// `last` is the store's revision, about: for predicates and compaction.
inline transaction draw_transaction(random_source& chance, std::uint64_t last, term_id term) {
  transaction out;
  for (auto n = chance.below(3); n > 0; --n)
    out.when.push_back(
      {.what = static_cast<predicate::test>(chance.below(3)), .key = draw_key(chance), .at = {}});
  for (auto& each : out.when)
    if (each.what == predicate::test::modified_is)
      each.at = revision{last - chance.below(std::min<std::uint64_t>(last, 30))};
  for (auto n = chance.below(4); n > 0; --n) {
    operation what{.what = chance.chance(1, 4) ? operation::kind::erase : operation::kind::put,
                   .key = draw_key(chance),
                   .value = {}};
    if (what.what == operation::kind::put)
      what.value = draw_value(chance);
    out.then.push_back(std::move(what));
  }
  if (chance.chance(1, 3))
    out.fence = term + chance.below(2);
  out.cause = cause_id{chance.below(1000)};
  return out;
}

inline command draw_command(random_source& chance, std::uint64_t last, term_id term) {
  switch (chance.below(60)) {
  case 0: return compact_history{revision{last - chance.below(std::min<std::uint64_t>(last, 50))}};
  case 1:
    return announce_version{member_id{chance.below(4)},
                            static_cast<std::uint32_t>(chance.below(3))};
  case 2:
    return chance.chance(1, 5) ? command{jump_revision{revision{last + 500}}}
                               : command{transaction{}};
  default: return draw_transaction(chance, last, term);
  }
}

} // namespace troupe::store
