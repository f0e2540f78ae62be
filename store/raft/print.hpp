// One line per thing, for scripts, traces and people.
#pragma once

#include "store/raft/effects.hpp"

namespace troupe::raft {

std::string to_text(log_position at);        // "3/17": term 3, index 17
std::string to_text(const entry& e);         // "3/17 \"set a\""
std::string to_text(const configuration& c); // "voters 1 2 3 learners 4"
std::string to_text(const letter& l); // "1>2 term 3 append before 3/16 [3/17 \"x\"] commit 15"
std::string_view to_text(verdict v);
std::string_view to_text(role_name r);
std::string to_text(const snapshot_order& o);
/// Several lines, each indented by two spaces; "  nothing" for none.
std::string to_text(const effects& e);

} // namespace troupe::raft
