// Transactions on their way: gathered, proposed here or through the leader, answered when applied
// here.
#include "actors/storage/host.hpp"
#include "store/machine/command.hpp"

namespace troupe::storage {
namespace {

constexpr duration forward_deadline = 5s;

failure nothing_done(std::string why) {
  return {.reason = reason::unavailable,
          .message = std::move(why),
          .causes = {},
          .retry_after_seconds = 1};
}

void answer(host_ptr self, kernel::promise<transacted>& to, result<transacted> with) {
  if (to.open())
    --self->state.under_way;
  to.answer(std::move(with));
}

using promises = std::vector<kernel::promise<transacted>>;

void fail_all(host_ptr self, promises& all, const failure& why) {
  for (auto& p : all)
    answer(self, p, why);
}

/// The commands stand in the log from `first` on.
void place_all(host_ptr self, promises& all, log_index first, term_id term) {
  auto& s = self->state;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto at = first + i;
    s.placed.emplace(at, placed_write{term, all[i]});
    if (at > s.applied)
      continue;
    auto known = s.recent.find(at);
    if (known != s.recent.end())
      settle_write(self, at, known->second.term, &known->second.what);
    else
      fail_writes_up_to(
        self, at,
        {.reason = reason::timeout,
         .message = "the write's outcome is unknown: it was overtaken by a snapshot"});
  }
}

/// One proposal for all: one letter to each follower, one write, one acknowledgement.
void propose_here(host_ptr self, std::vector<waiting_write> writes,
                  std::vector<waiting_proposal> of_peers) {
  auto& s = self->state;
  if (s.read_only)
    std::erase_if(writes, [self](waiting_write& w) {
      if (w.grows)
        answer(self, w.to, refused_for_room(self));
      return w.grows;
    });
  if (writes.empty() && of_peers.empty())
    return;
  auto ticket = s.next_ticket++;
  raft::proposal p{.ticket = raft::ticket{ticket}, .commands = {}};
  auto& batch = s.tickets[ticket];
  for (auto& w : writes) {
    p.commands.push_back(share(std::move(w.command)));
    batch.own.push_back(std::move(w.to));
  }
  for (auto& w : of_peers) {
    batch.others.push_back({w.commands.size(), std::move(w.to)});
    for (auto& c : w.commands)
      p.commands.push_back(share(std::move(c)));
  }
  step(self, std::move(p));
}

void propose_there(host_ptr self, const peer_actor& leader, std::vector<waiting_write> writes) {
  auto& s = self->state;
  propose question;
  auto number = s.next_ticket++;
  auto& waiting = s.forwarded[number];
  for (auto& w : writes) {
    question.commands.push_back(std::move(w.command));
    waiting.push_back(w.to);
  }
  self->ask(leader, std::move(question), forward_deadline).then([self, number](result<proposed> r) {
    auto those = std::move(self->state.forwarded.extract(number).mapped());
    if (!r)
      return fail_all(self, those, r.error());
    if (r->accepted)
      return place_all(self, those, r->first, r->term);
    if (r->busy)
      return fail_all(self, those,
                      {.reason = reason::too_many_requests,
                       .message = "too many writes are under way",
                       .causes = {},
                       .retry_after_seconds = 1});
    fail_all(self, those, nothing_done("the master that led leads no more"));
  });
}

} // namespace

replica_host::~replica_host() {
  failure unknown{.reason = reason::timeout,
                  .message = "the write's outcome is unknown: the replica ended"};
  for (auto& [number, all] : forwarded)
    for (auto& p : all)
      p.answer(unknown);
  for (auto& [number, batch] : tickets) {
    for (auto& p : batch.own)
      p.answer(unknown);
    for (auto& p : batch.others)
      p.to.answer(unknown);
  }
  for (auto& [at, w] : placed)
    w.to.answer(unknown);
}

void propose_waiting(host_ptr self) {
  auto& s = self->state;
  auto writes = std::exchange(s.writes, {});
  auto of_peers = std::exchange(s.of_peers, {});
  if (s.leadership.role == raft::role_name::leader && !(writes.empty() && of_peers.empty()))
    return propose_here(self, std::move(writes), std::move(of_peers));
  for (auto& w : of_peers)
    w.to.answer(proposed{});
  if (writes.empty())
    return;
  auto leads = s.leadership.leader;
  bool takes = leads != raft::nobody && !s.departing.contains(leads);
  auto leader = takes ? peer_of(self, leads) : peer_actor{};
  if (leader)
    return propose_there(self, leader, std::move(writes));
  for (auto& w : writes)
    answer(self, w.to, nothing_done("no master leads at the moment"));
}

void propose_command(host_ptr self, std::string command) {
  step(self, raft::proposal{.ticket = raft::ticket{0}, .commands = {share(std::move(command))}});
}

void answer_proposal(host_ptr self, const raft::answer& a) {
  auto& s = self->state;
  auto ticket = static_cast<std::uint64_t>(a.ticket);
  bool accepted = a.verdict == raft::verdict::accepted;
  bool busy = a.verdict == raft::verdict::too_busy;
  if (auto batch = s.tickets.extract(ticket)) {
    auto& [own, others] = batch.mapped();
    auto at = a.first.index + own.size();
    for (auto& part : others) {
      part.to.answer(proposed{.accepted = accepted,
                              .busy = busy,
                              .term = a.first.term,
                              .first = accepted ? at : log_index{}});
      at = at + part.commands;
    }
    if (accepted)
      return place_all(self, own, a.first.index, a.first.term);
    return fail_all(self, own,
                    busy ? failure{.reason = reason::too_many_requests,
                                   .message = "too many writes are under way",
                                   .causes = {},
                                   .retry_after_seconds = 1}
                         : nothing_done("no master leads at the moment"));
  }
  if (auto join = s.join_tickets.extract(ticket)) {
    auto w = std::move(join.mapped());
    if (!accepted)
      return w.to.answer(join_answered{false});
    w.at = a.first.index;
    s.joins.push_back(std::move(w));
    return settle_members(self);
  }
  if (auto removal = s.removal_tickets.extract(ticket))
    answer_removal(self, std::move(removal.mapped()), a);
}

void settle_write(host_ptr self, log_index at, term_id term, const store::outcome* outcome) {
  auto& s = self->state;
  auto [from, to] = s.placed.equal_range(at);
  for (auto it = from; it != to; it = s.placed.erase(it)) {
    auto& w = it->second;
    if (w.term == term)
      answer(self, w.to, transacted{*outcome, s.current});
    else // another leader's entry stands where ours would have: ours never will
      answer(self, w.to, nothing_done("the leader changed before the write was safe"));
  }
}

void fail_writes_up_to(host_ptr self, log_index at, const failure& why) {
  auto& s = self->state;
  auto end = s.placed.upper_bound(at);
  for (auto it = s.placed.begin(); it != end; it = s.placed.erase(it))
    answer(self, it->second.to, why);
}

} // namespace troupe::storage
