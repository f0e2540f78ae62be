// What a leader knows of one follower: the window of letters under way.
#include "store/raft/progress.hpp"

#include <algorithm>

namespace troupe::raft {

void replicating::depart(log_index last, std::uint64_t weight) {
  flights.push_back({last, weight});
  bytes += weight;
}

void replicating::land(log_index match) {
  for (; !flights.empty() && flights.front().last <= match; flights.pop_front())
    bytes -= flights.front().bytes;
}

bool replicating::full(const options& o) const {
  return flights.size() >= o.max_in_flight || bytes >= o.max_in_flight_bytes;
}

void progress::probe() {
  way = probing{};
  next = match + 1;
}

void progress::replicate() {
  way = replicating{};
  next = match + 1;
}

} // namespace troupe::raft
