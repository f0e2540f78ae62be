// A letter's term decides first: newer ones end our role, older ones get a hint or nothing.
#include "store/raft/core.hpp"

namespace troupe::raft {

namespace {

// Only the leader of the letter's term sends these.
bool is_leaders(const letter_body& b) {
  return std::holds_alternative<append_request>(b) || std::holds_alternative<heartbeat>(b)
         || std::holds_alternative<commit_notice>(b) || std::holds_alternative<snapshot_chunk>(b);
}

} // namespace

void core::on(const received& r, effects& out) {
  const auto& l = r.letter;
  if (admit(l, out))
    std::visit([&](const auto& body) { take(l, body, out); }, l.body);
}

bool core::admit(const letter& l, effects& out) {
  if (l.to != options_.self || l.from == nobody || l.from == options_.self)
    return false;
  const auto* request = std::get_if<vote_request>(&l.body);
  const auto* answer = std::get_if<vote_answer>(&l.body);
  if (l.term > ballot_.term) {
    // 4.2.3: whoever hears a leader does not let others talk it into a new term; 3.10: unless the
    // leader itself asked for it.
    if (request && hears_leader() && !request->transfer)
      return false;
    bool future = (request && request->kind == vote_kind::pre)
                  || (answer && answer->kind == vote_kind::pre && answer->granted);
    if (!future)
      become_follower(l.term, is_leaders(l.body) ? l.from : nobody, out);
    return true;
  }
  if (l.term < ballot_.term) {
    // The sender cannot go on before it knows our term; with pre-votes and followers that ignore
    // candidates nothing else would tell it.
    if (request)
      out.send_now.push_back(to(l.from, vote_answer{request->kind, false}));
    else if (is_leaders(l.body))
      out.send_now.push_back(to(l.from, stale_term{}));
    return false;
  }
  if (is_leaders(l.body)) {
    invariant(!std::holds_alternative<leader>(role_), "a term has one leader");
    become_follower(l.term, l.from, out);
  }
  return true;
}

void core::take(const letter&, const stale_term&, effects&) {
  // admit() has moved us to the newer term.
}

} // namespace troupe::raft
