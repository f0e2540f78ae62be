#include "actors/storage/raw.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/storage/raw_lister.hpp"
#include "store/machine/command.hpp"

namespace troupe::storage {
namespace {

constexpr duration deadline = 10s;
constexpr std::uint32_t most_records = 10'000;

/// The reads that came since the last one was passed on.
struct serve_reads {
  using local_only = void;
};
using raw_interface = raw_actor::extend<proto::tell<serve_reads>>;

struct waiting_read {
  read_raw what;
  kernel::promise<raw_read> to;
};
struct waiting_list {
  list_raw what;
  kernel::promise<raw_listed> to;
};
struct gathered {
  std::vector<waiting_read> reads;
  std::vector<waiting_list> lists;
  bool empty() const { return reads.empty() && lists.empty(); }
};
struct raw_state {
  raw_state() = default;
  replica_actor replica;
  lister_actor lister;
  gathered linearizable;
  gathered any;
  bool scheduled = false;
};
using raw_ptr = kernel::self_ptr<raw_interface, raw_state>;

raw_read read_from(const store::view& of, const read_raw& what) {
  raw_read out{.at = of.at(), .there = false, .value = {}, .created = {}, .modified = {}};
  if (auto found = of.get(what.key)) {
    out.there = true;
    out.value = *found->value;
    out.created = found->created;
    out.modified = found->modified;
  }
  return out;
}

void answer_from(raw_ptr self, const result<viewed>& from, gathered& those) {
  for (auto& r : those.reads)
    r.to.answer(from ? result<raw_read>{read_from(*from->of, r.what)} : from.error());
  for (auto& l : those.lists)
    if (from)
      self->tell(self->state.lister, make_list{from->of, std::move(l.what), std::move(l.to)});
    else
      l.to.answer(from.error());
}

void serve(raw_ptr self, gathered& waiting, get_view::freshness how) {
  if (waiting.empty())
    return;
  auto those = std::make_shared<gathered>(std::exchange(waiting, {}));
  self->ask(self->state.replica, get_view{.how = how, .at = {}}, deadline)
    .then([self, those](const result<viewed>& from) { answer_from(self, from, *those); });
}

/// What gathered while the mailbox was worked off is one question to the replica.
void schedule(raw_ptr self) {
  if (std::exchange(self->state.scheduled, true))
    return;
  self->tell(caf::actor_cast<raw_interface>(&self->scheduled()), serve_reads{});
}

kernel::reply<raw_committed> commit(raw_ptr self, const commit_raw& m) {
  auto decoded = store::decode(m.transaction);
  if (!decoded)
    return kernel::answer(decoded.error());
  auto* what = std::get_if<store::transaction>(&*decoded);
  if (!what || what->fence)
    return kernel::answer(failure{.reason = reason::bad_request,
                                  .message = "commit to the store: only transactions without a "
                                             "fence come from other processes"});
  auto to = self->promise<raw_committed>();
  self->ask(self->state.replica, transact{std::move(*what)}, deadline)
    .then([to](result<transacted> r) mutable {
      if (!r)
        return to.answer(std::move(r).error());
      to.answer(raw_committed{.status = r->what.what,
                              .first = r->what.first,
                              .last = r->what.last,
                              .failed = r->what.failed});
    });
  return to;
}

raw_interface::behavior_type behave(raw_ptr self, const replica_actor& replica) {
  self->state.replica = replica;
  self->state.lister = spawn_lister(self->place().child("lister").with_mailbox(16'384), replica);
  return {
    [self](const commit_raw& m) { return commit(self, m); },
    [self](const read_raw& m) -> kernel::reply<raw_read> {
      auto to = self->promise<raw_read>();
      (m.linearizable ? self->state.linearizable : self->state.any).reads.push_back({m, to});
      schedule(self);
      return to;
    },
    [self](const list_raw& m) -> kernel::reply<raw_listed> {
      if (m.limit == 0 || m.limit > most_records)
        return kernel::answer(failure{.reason = reason::bad_request,
                                      .message = "list the store: the limit must be 1 to 10000"});
      auto to = self->promise<raw_listed>();
      if (m.at != revision{}) {
        self->tell(self->state.lister, make_list{nullptr, m, to});
        return to;
      }
      (m.linearizable ? self->state.linearizable : self->state.any).lists.push_back({m, to});
      schedule(self);
      return to;
    },
    [self](const serve_reads&) {
      self->state.scheduled = false;
      serve(self, self->state.linearizable, get_view::freshness::linearizable);
      serve(self, self->state.any, get_view::freshness::any);
    },
  };
}

} // namespace

raw_actor spawn_raw(const kernel::place& at, replica_actor replica) {
  return kernel::spawn<raw_interface, raw_state>(at.with_mailbox(16'384), behave,
                                                 std::move(replica));
}

} // namespace troupe::storage
