// Committed entries: into the state machine, out to those who wait and to the hub.
#include "actors/storage/host.hpp"

namespace troupe::storage {
namespace {

constexpr std::size_t kept_outcomes = 8192;

void answer_all(host_ptr self, const std::vector<raft::entry>& entries,
                const std::vector<store::applied_entry>& done) {
  auto& s = self->state;
  published news{.changes = {},
                 .last = s.with.store.state->facts().last,
                 .compacted = s.with.store.state->facts().compacted};
  for (std::size_t i = 0; i < done.size(); ++i) {
    s.recent[entries[i].index] = {.term = entries[i].term, .what = done[i].result};
    settle_write(self, entries[i].index, entries[i].term, &done[i].result);
    for (const auto& c : done[i].changes) {
      kernel::trace::also_caused_by(c->cause);
      news.changes.push_back(c);
    }
  }
  while (s.recent.size() > kept_outcomes)
    s.recent.erase(s.recent.begin());
  if (s.with.store.state->left_out_changes())
    self->tell(s.with.hub, replaced{news.last, news.compacted});
  else if (!news.changes.empty())
    self->tell(s.with.hub, std::move(news));
}

} // namespace

void tell_scope(host_ptr self) {
  auto& s = self->state;
  if (s.scope_told || s.leadership.role != raft::role_name::leader
      || s.leadership.first == log_index{} || s.applied < s.leadership.first)
    return;
  s.scope_told = true;
  self->tell(s.with.scope, kernel::leading{s.leadership.term});
}

void apply(host_ptr self, std::vector<raft::entry> entries) {
  auto& s = self->state;
  if (!s.unapplied.empty()) {
    auto again = entries.empty(); // a tick
    s.unapplied.insert(s.unapplied.end(), std::make_move_iterator(entries.begin()),
                       std::make_move_iterator(entries.end()));
    if (s.rows_flushing && !again)
      return;
    entries = std::move(s.unapplied);
    s.unapplied.clear();
  }
  std::vector<store::committed_entry> committed;
  committed.reserve(entries.size());
  for (const auto& e : entries)
    committed.push_back(
      {e.index, e.term, e.kind == raft::entry_kind::command ? e.bytes() : std::string_view{}});
  auto done = s.with.store.state->apply(committed);
  if (!done) {
    if (auto why = done.error().reason; why == reason::bad_request || why == reason::forbidden)
      return self->fail(std::move(done).error()); // our state would diverge, or cannot be read
    s.rows_flushing = done.error().reason == reason::too_many_requests;
    s.unapplied = std::move(entries); // the next tick tries again
    return;
  }
  s.applied = entries.back().index;
  s.current = s.with.store.state->current();
  answer_all(self, entries, *done);
  step(self, raft::applied{s.applied});
  serve_views(self);
  tell_scope(self);
  settle_members(self);
}

} // namespace troupe::storage
