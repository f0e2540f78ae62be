// Members come and go: joining, removal, the question whether one still belongs, and handing the
// leadership over before the process stops. What decides is the Raft core; here are the waits.
#include "actors/storage/host.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr duration removal_within = 10s;
constexpr duration question_every = 1s;

failure not_now(std::string why) {
  return {.reason = reason::unavailable,
          .message = std::move(why),
          .causes = {},
          .retry_after_seconds = 1};
}

member_id own_id(host_ptr self) { return self->state.with.settings.raft.self; }
bool leads(host_ptr self) { return self->state.leadership.role == raft::role_name::leader; }

duration election_timeout(host_ptr self) {
  const auto& set = self->state.with.settings;
  return set.tick * set.raft.election_ticks;
}

std::string host_and_port(const std::string& member_address) {
  auto equals = member_address.find('=');
  return equals == std::string::npos ? member_address : member_address.substr(equals + 1);
}

/// Of the voters that are there the one with most of the log.
member_id successor(host_ptr self) {
  auto now = self->state.core->look();
  const raft::status::peer* best = nullptr;
  for (const auto& p : now.peers)
    if (self->state.core->members().is_voter(p.id) && is_heard(self, p.id)
        && (!best || p.match > best->match))
      best = &p;
  return best ? best->id : raft::nobody;
}

/// Whom to pass a question on to; null: answer it here.
template <class Message> peer_actor passing_to(host_ptr self, const Message& m) {
  const auto& s = self->state;
  if (m.passed_on || leads(self) || s.leadership.leader == raft::nobody)
    return {};
  return peer_of(self, s.leadership.leader);
}

template <class Answer, class Message>
kernel::reply<Answer> pass_on(host_ptr self, const peer_actor& to, Message m, duration within) {
  m.passed_on = true;
  auto asker = self->promise<Answer>();
  self->ask(to, std::move(m), within).then([asker](result<Answer> r) mutable {
    asker.answer(std::move(r));
  });
  return asker;
}

// -- removal -------------------------------------------------------------------------------------

/// Why it must not be removed now; none: it may.
std::optional<failure> objection(host_ptr self, const raft::member& leaving) {
  auto& s = self->state;
  if (leaving.role == raft::member_role::learner)
    return std::nullopt;
  std::size_t left = 0;
  std::size_t there = 0;
  for (const auto& m : s.core->members().members) {
    if (m.role != raft::member_role::voter || m.id == leaving.id)
      continue;
    ++left;
    there += is_heard(self, m.id) ? 1 : 0;
  }
  auto what = "remove the master " + name_of(leaving.address) + ": ";
  if (left == 0)
    return failure{.reason = reason::conflict,
                   .message = what + "it is the only voter, and its store would go with it"};
  if (auto needed = left / 2 + 1; there < needed) {
    if (steady(self) - s.leads_since < 2 * election_timeout(self))
      return not_now(what + "the leader is new and has not heard of all others yet");
    return failure{.reason = reason::conflict,
                   .message = what + "of the " + std::to_string(left) + " voters left only "
                              + std::to_string(there) + " would answer and "
                              + std::to_string(needed)
                              + " are needed to write; bring another one back first"};
  }
  return std::nullopt;
}

void begin_removal(host_ptr self, kernel::promise<member_removed> to, const raft::member& leaving) {
  auto& s = self->state;
  waiting_removal w{.to = std::move(to),
                    .name = name_of(leaving.address),
                    .id = leaving.id,
                    .was_voter = leaving.role == raft::member_role::voter,
                    .at = {},
                    .deadline = steady(self) + removal_within};
  if (leaving.id == own_id(self)) { // another one leads first and removes it then
    w.deadline = steady(self) + 2 * election_timeout(self);
    s.removals.push_back(std::move(w));
    return step(self, raft::transfer_leadership{successor(self)});
  }
  auto ticket = s.next_ticket++;
  s.removal_tickets.emplace(ticket, std::move(w));
  step(self, raft::change_membership{raft::ticket{ticket}, raft::remove_member{leaving.id}});
}

/// True: it is answered, or somebody else answers it.
bool settle(host_ptr self, waiting_removal& w) {
  auto& s = self->state;
  if (w.at == log_index{} && !leads(self) && s.leadership.leader != raft::nobody) {
    if (auto leader = peer_of(self, s.leadership.leader)) {
      self->ask(leader, remove_member{w.name, true}, removal_within)
        .then([to = w.to](result<member_removed> r) mutable { to.answer(std::move(r)); });
      return true;
    }
  }
  if (w.at != log_index{} && s.applied >= w.at) {
    if (s.core->members().find(w.id))
      w.to.answer(not_now("the leader changed before " + w.name + " was removed"));
    else
      w.to.answer(member_removed{w.was_voter});
    return true;
  }
  if (steady(self) < w.deadline)
    return false;
  if (w.at == log_index{})
    w.to.answer(not_now(w.name + " leads, and no other master took over"));
  else
    w.to.answer(failure{.reason = reason::timeout,
                        .message = "the removal of " + w.name
                                   + " is not safe yet; `troupe member list` will show it"});
  return true;
}

// -- am I still one of them? ---------------------------------------------------------------------

/// Its own list is not newer than the answer when it stands no higher in the log: it is committed
/// then and the other one knows it, or something else is committed in its place.
void meet(host_ptr self, const std::string& address) {
  auto& s = self->state;
  auto id = member_of(name_of(address));
  if (id != own_id(self) && !s.core->members().find(id) && !s.peers.contains(id))
    s.peers.emplace(id, known_peer{address, s.with.peer(id, address)});
}

void hear_whether_member(host_ptr self, const whether_member& told) {
  auto& s = self->state;
  for (const auto& address : told.known)
    meet(self, address);
  if (!told.sure || told.member || told.as_of < s.core->members_index())
    return;
  if (s.with.removed)
    s.with.removed();
  self->fail({.reason = reason::gone,
              .message = "this master was removed from the cluster (troupe member remove) and "
                         "stops; to take part again it joins with an empty data directory"});
}

/// It hears no leader: perhaps because nobody speaks to it any more.
void ask_the_others(host_ptr self) {
  auto& s = self->state;
  if (leads(self) || s.leadership.leader != raft::nobody) {
    s.next_question = steady(self) + question_every;
    return;
  }
  if (steady(self) < s.next_question)
    return;
  s.next_question = steady(self) + question_every;
  for (const auto& m : s.core->members().members) {
    if (m.id == own_id(self))
      continue;
    self->ask(peer_of(self, m.id), ask_whether_member{own_id(self), false}, question_every)
      .then([self](const result<whether_member>& told) {
        if (told)
          hear_whether_member(self, *told);
      });
  }
}

// -- handing over --------------------------------------------------------------------------------

void settle_hand_over(host_ptr self) {
  auto& s = self->state;
  if (!s.leaving)
    return;
  bool led = !leads(self) && s.leadership.leader != raft::nobody;
  bool settled = s.placed.empty() && s.tickets.empty() && s.of_peers.empty();
  bool over = led && settled && s.leaving->to_note == 0;
  bool alone = leads(self) && successor(self) == raft::nobody;
  if (!over && !alone && steady(self) < s.leaving->deadline)
    return;
  auto to = s.leaving->to;
  s.leaving.reset();
  to.answer(handed_over{!leads(self)});
}

/// None of the others sends a proposal that nobody would answer.
void tell_departure(host_ptr self) {
  auto& s = self->state;
  for (const auto& m : s.core->members().members) {
    if (m.id == own_id(self) || !is_heard(self, m.id))
      continue;
    ++s.leaving->to_note;
    self->ask(peer_of(self, m.id), leader_leaves{own_id(self)}, election_timeout(self))
      .then([self](const result<leaving_noted>&) { // lost: its link is, too
        auto& leaving = self->state.leaving;
        if (leaving && leaving->to_note > 0)
          --leaving->to_note;
        settle_hand_over(self);
      });
  }
}

} // namespace

bool is_heard(host_ptr self, member_id who) {
  const auto& heard = self->state.heard;
  auto found = heard.find(who);
  return who == own_id(self)
         || (found != heard.end() && steady(self) - found->second <= election_timeout(self));
}

kernel::reply<join_answered> take_join(host_ptr self, const ask_to_join& m) {
  auto& s = self->state;
  auto to = self->promise<join_answered>();
  const auto* known = s.core->members().find(m.id);
  if (known && known->address == m.address) {
    s.joins.push_back({to, m.id, s.core->members_index()});
    settle_members(self);
    return to;
  }
  if (leads(self)) {
    auto ticket = s.next_ticket++;
    s.join_tickets[ticket] = {to, m.id, {}};
    raft::membership_change change = raft::add_learner{m.id, m.address};
    if (known)
      change = raft::move_member{m.id, m.address};
    step(self, raft::change_membership{raft::ticket{ticket}, std::move(change)});
    return to;
  }
  auto leader =
    s.leadership.leader == raft::nobody ? peer_actor{} : peer_of(self, s.leadership.leader);
  if (!leader)
    return kernel::answer(not_now("no master leads at the moment"));
  self->ask(leader, m, 5s).then([to](result<join_answered> r) mutable { to.answer(std::move(r)); });
  return to;
}

kernel::reply<member_removed> take_removal(host_ptr self, const remove_member& m) {
  auto& s = self->state;
  if (auto leader = passing_to(self, m))
    return pass_on<member_removed>(self, leader, m, removal_within + 2 * election_timeout(self));
  if (!leads(self))
    return kernel::answer(not_now("no master leads at the moment"));
  const auto* leaving = s.core->members().find(member_of(m.name));
  if (!leaving && s.core->members_index() > s.applied) // it may yet come back
    return kernel::answer(not_now("another change of the masters is under way"));
  if (!leaving)
    return kernel::answer(
      failure{.reason = reason::not_found,
              .message = "no master is called '" + m.name + "'; `troupe member list` shows them"});
  if (auto why = objection(self, *leaving))
    return kernel::answer(std::move(*why));
  auto to = self->promise<member_removed>();
  begin_removal(self, to, raft::member{*leaving});
  return to;
}

void answer_removal(host_ptr self, waiting_removal w, const raft::answer& a) {
  switch (a.verdict) {
  case raft::verdict::accepted:
    w.at = a.first.index;
    self->state.removals.push_back(std::move(w));
    return settle_members(self);
  case raft::verdict::pending:
    return w.to.answer(not_now("another change of the masters is under way"));
  case raft::verdict::refused:
    return w.to.answer(
      failure{.reason = reason::conflict,
              .message = "remove the master " + w.name + ": it is none of the members any more"});
  default: return w.to.answer(not_now("the leadership is just changing"));
  }
}

kernel::reply<members_listed> take_list(host_ptr self, const list_members& m) {
  auto& s = self->state;
  if (auto leader = passing_to(self, m))
    return pass_on<members_listed>(self, leader, m, 2s);
  members_listed out{
    .leader = {}, .term = s.leadership.term, .members = {}, .read_only = s.read_only};
  auto now = s.core->look();
  for (const auto& known : s.core->members().members) {
    bool own = known.id == own_id(self);
    member_row row{.name = name_of(known.address),
                   .address = host_and_port(known.address),
                   .role = known.role == raft::member_role::voter ? "voter" : "learner",
                   .silent_ms = own ? 0 : -1,
                   .index = own ? s.applied : log_index{}};
    if (own && leads(self)) {
      row.role = "leader";
      out.leader = row.name;
    }
    if (auto heard = s.heard.find(known.id); heard != s.heard.end())
      row.silent_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady(self) - heard->second).count();
    for (const auto& p : now.peers)
      if (p.id == known.id)
        row.index = p.match;
    out.members.push_back(std::move(row));
  }
  std::sort(out.members.begin(), out.members.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

kernel::reply<whether_member> take_question(host_ptr self, const ask_whether_member& m) {
  auto& s = self->state;
  if (auto leader = passing_to(self, m))
    return pass_on<whether_member>(self, leader, m, question_every);
  std::vector<std::string> known;
  for (const auto& each : s.core->members().members)
    known.push_back(each.address);
  // One that acts as leader has applied all that was ever committed before its term.
  return whether_member{.sure = s.scope_told && s.applied >= s.core->members_index(),
                        .member = s.core->members().find(m.id) != nullptr,
                        .as_of = s.applied,
                        .known = std::move(known)};
}

kernel::reply<handed_over> take_hand_over(host_ptr self) {
  auto& s = self->state;
  if (!leads(self) || s.leaving)
    return handed_over{true};
  auto to = self->promise<handed_over>();
  s.leaving = leaving_host{.to = to, .deadline = steady(self) + election_timeout(self)};
  tell_departure(self);
  if (auto next = successor(self); next != raft::nobody)
    step(self, raft::transfer_leadership{next});
  settle_hand_over(self);
  return to;
}

kernel::reply<leaving_noted> note_departure(host_ptr self, const leader_leaves& m) {
  if (self->state.core->members().find(m.id))
    self->state.departing.insert(m.id);
  return leaving_noted{};
}

void settle_members(host_ptr self) {
  auto& s = self->state;
  if (!s.removals.empty()) {
    auto all = std::move(s.removals); // settling may add to them
    s.removals.clear();
    for (auto& w : all)
      if (!settle(self, w))
        s.removals.push_back(std::move(w));
  }
  std::erase_if(s.joins, [&](waiting_join& w) {
    if (s.applied < w.at)
      return false;
    w.to.answer(join_answered{s.core->members().find(w.id) != nullptr});
    return true;
  });
  settle_hand_over(self);
}

void keep_members(host_ptr self) {
  settle_members(self);
  ask_the_others(self);
}

} // namespace troupe::storage
