// One line per thing. The scripts under tests/unit/store/raft are written in this form.
#include "store/raft/print.hpp"

namespace troupe::raft {

namespace {

std::string quoted(std::string_view bytes) {
  constexpr std::size_t shown = 32;
  std::string out = "\"";
  for (char c : bytes.substr(0, shown))
    out += c >= ' ' && c < '\x7f' && c != '"' ? c : '.';
  return out + (bytes.size() > shown ? "...\"" : "\"");
}

std::string list(const std::vector<entry>& entries) {
  std::string out = "[";
  for (const auto& e : entries)
    out += (out.size() > 1 ? ", " : "") + to_text(e);
  return out + "]";
}

std::string number(auto id) { return std::to_string(static_cast<std::uint64_t>(id)); }

std::string chunk(snapshot_id id, std::uint64_t offset, const shared_bytes& bytes) {
  auto size = bytes ? bytes->size() : 0;
  return "snapshot " + number(id) + " bytes " + number(offset) + "+" + number(size);
}

struct body_printer {
  std::string operator()(const vote_request& b) const {
    return std::string{b.kind == vote_kind::pre ? "pre-vote?" : "vote?"} + " last "
           + to_text(b.last) + (b.transfer ? " transfer" : "");
  }
  std::string operator()(const vote_answer& b) const {
    return std::string{b.kind == vote_kind::pre ? "pre-vote" : "vote"}
           + (b.granted ? " yes" : " no");
  }
  std::string operator()(const append_request& b) const {
    return "append after " + to_text(b.before) + " " + list(b.entries) + " commit "
           + number(b.commit);
  }
  std::string operator()(const append_accepted& b) const { return "accepted " + number(b.match); }
  std::string operator()(const append_rejected& b) const {
    return "rejected " + number(b.rejected) + " hint " + to_text(b.hint);
  }
  std::string operator()(const heartbeat& b) const {
    return "heartbeat commit " + number(b.commit)
           + (b.round == read_round{} ? "" : " round " + number(b.round));
  }
  std::string operator()(const heartbeat_answer& b) const {
    return std::string{"heartbeat heard"}
           + (b.round == read_round{} ? "" : " round " + number(b.round));
  }
  std::string operator()(const commit_notice& b) const { return "committed " + number(b.commit); }
  std::string operator()(const stale_term&) const { return "stale term"; }
  std::string operator()(const snapshot_chunk& b) const {
    return chunk(b.id, b.offset, b.bytes) + " of " + number(b.total) + " at " + to_text(b.mark.at)
           + " " + to_text(b.mark.members);
  }
  std::string operator()(const snapshot_answer& b) const {
    return "snapshot " + number(b.id) + " stored " + number(b.next);
  }
  std::string operator()(const timeout_now&) const { return "timeout now"; }
  std::string operator()(const read_request&) const { return "read index?"; }
  std::string operator()(const read_answer& b) const { return "read index " + number(b.index); }
};

struct order_printer {
  std::string operator()(const take_snapshot& o) const {
    return "take snapshot for " + number(o.to);
  }
  std::string operator()(const load_chunk& o) const {
    return "load snapshot " + number(o.id) + " from byte " + number(o.offset) + " for "
           + number(o.to);
  }
  std::string operator()(const release_snapshot& o) const {
    return "release snapshot " + number(o.id) + " for " + number(o.to);
  }
  std::string operator()(const store_chunk& o) const {
    return "store " + chunk(o.id, o.offset, o.bytes) + " from " + number(o.from);
  }
  std::string operator()(const install_snapshot& o) const {
    return "install snapshot " + number(o.id) + " at " + to_text(o.mark.at) + " "
           + to_text(o.mark.members);
  }
};

std::string to_text(const leadership& l) {
  return std::string{to_text(l.role)} + " in term " + number(l.term) + ", leader "
         + number(l.leader) + (l.first == log_index{} ? "" : ", first " + number(l.first));
}

} // namespace

std::string to_text(log_position at) { return number(at.term) + "/" + number(at.index); }

std::string to_text(const entry& e) {
  switch (e.kind) {
  case entry_kind::empty: return to_text(e.position()) + " empty";
  case entry_kind::command: return to_text(e.position()) + " " + quoted(e.bytes());
  case entry_kind::configuration: break;
  }
  auto c = decode_configuration(e.bytes());
  return to_text(e.position()) + " " + (c ? to_text(*c) : "malformed configuration");
}

std::string to_text(const configuration& c) {
  std::string voters = "voters";
  std::string learners;
  for (const auto& m : c.members)
    (m.role == member_role::voter ? voters : learners) += " " + number(m.id);
  return voters + (learners.empty() ? "" : " learners" + learners);
}

std::string to_text(const letter& l) {
  return number(l.from) + ">" + number(l.to) + " term " + number(l.term) + " "
         + std::visit(body_printer{}, l.body);
}

std::string_view to_text(verdict v) {
  switch (v) {
  case verdict::accepted: return "accepted";
  case verdict::not_leader: return "not leader";
  case verdict::too_busy: return "too busy";
  case verdict::transferring: return "transferring";
  case verdict::pending: return "pending";
  case verdict::not_caught_up: return "not caught up";
  case verdict::refused: return "refused";
  }
  return "unknown";
}

std::string_view to_text(role_name r) {
  switch (r) {
  case role_name::follower: return "follower";
  case role_name::pre_candidate: return "pre-candidate";
  case role_name::candidate: return "candidate";
  case role_name::leader: return "leader";
  }
  return "unknown";
}

std::string to_text(const snapshot_order& o) { return std::visit(order_printer{}, o); }

std::string to_text(const effects& e) {
  std::string out;
  auto line = [&](const std::string& text) { out += "  " + text + "\n"; };
  if (e.leadership)
    line("becomes " + to_text(*e.leadership));
  for (const auto& l : e.send_now)
    line("send " + to_text(l));
  if (e.save_ballot)
    line("write " + number(e.write) + " ballot term " + number(e.save_ballot->term) + " vote "
         + number(e.save_ballot->voted_for));
  if (e.reset_log)
    line("write " + number(e.write) + " reset log to " + to_text(e.reset_log->at));
  if (!e.append.empty())
    line("write " + number(e.write) + " entries " + list(e.append));
  for (const auto& l : e.send_after_sync)
    line("after " + number(e.write) + " send " + to_text(l));
  if (e.cut_head)
    line("cut head up to " + to_text(e.cut_head->at));
  if (!e.apply.empty())
    line("apply " + list(e.apply));
  for (const auto& a : e.answers)
    line("answer " + number(a.ticket) + " " + std::string{to_text(a.verdict)}
         + (a.verdict == verdict::accepted ? " at " + to_text(a.first)
                                           : ", leader " + number(a.leader)));
  for (const auto& r : e.reads)
    line("read " + number(r.ticket) + " " + std::string{to_text(r.verdict)}
         + (r.verdict == verdict::accepted ? " index " + number(r.index) : ""));
  for (const auto& l : e.load)
    line("load entries " + number(l.from) + ".." + number(l.to));
  for (const auto& o : e.snapshots)
    line(to_text(o));
  return out.empty() ? "  nothing\n" : out;
}

bool store_chunk::operator==(const store_chunk& o) const {
  return from == o.from && id == o.id && offset == o.offset && !bytes == !o.bytes
         && (!bytes || *bytes == *o.bytes);
}

} // namespace troupe::raft
