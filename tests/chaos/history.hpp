// A history of a chaos run: read from JSON lines, judged key by key.
#pragma once

#include "config/base/result.hpp"
#include "tests/support/linearizability.hpp"

#include <istream>

namespace troupe::chaos {

/// One operation a line, as tests/chaos/load.py writes them:
///   {"op": "read", "key": K, "client": C, "start": NS, "end": NS, "value": FOUND}
///   {"op": "write", ..., "end": null, "value": PUT}               end null: outcome unknown
///   {"op": "swap", ..., "expected": OLD, "value": PUT, "done": true}   done: only with an end
/// Fails with `invalid` naming the line.
result<std::vector<check::operation>> read_history(std::istream& in);

struct judgement {
  std::size_t operations = 0;
  std::size_t unknown = 0; // writes and swaps whose outcome nobody was told
  std::size_t keys = 0;
  std::vector<std::string> offending;     // keys, the shortest history first
  bool decided = true;                    // false: at least one key was too hard
  std::vector<check::operation> shortest; // of offending.front(): up to where it cannot be saved
  bool good() const { return offending.empty(); }
};

judgement judge(const std::vector<check::operation>& history);

/// What stands at the end of `ops` in order of their ends, at most `lines` of it.
std::string show(const std::vector<check::operation>& ops, std::size_t lines);

} // namespace troupe::chaos
