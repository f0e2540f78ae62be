// Views: of now, of at least a revision, linearizable, of the past.
#include "actors/storage/host.hpp"

namespace troupe::storage {
namespace {

constexpr duration revision_wait = 3s; // for a revision that has not come here yet
constexpr duration read_wait = 5s;

/// The past as a view; reads from the engine.
class past_view final : public store::view {
public:
  past_view(store::history of, revision at) : of_(std::move(of)), at_(at) {}
  revision at() const override { return at_; }
  store::record_ptr get(std::string_view key) const override {
    auto found = of_.get(key, at_);
    return found ? *found : nullptr;
  }
  void scan(const store::range& r,
            const std::function<bool(const store::record_ptr&)>& visit) const override {
    auto left = r;
    std::uint64_t seen = 0;
    while (true) {
      left.limit = r.limit == 0 ? page : std::min<std::uint64_t>(page, r.limit - seen);
      auto part = of_.list(left, at_);
      if (!part)
        throw std::runtime_error(part.error().message); // the asker's actor fails, not the data
      for (const auto& record : part->records)
        if (!visit(record))
          return;
      seen += part->records.size();
      if (!part->more || (r.limit != 0 && seen >= r.limit) || part->records.empty())
        return;
      left.from = part->records.back()->key + '\0';
    }
  }
  std::uint64_t count(std::string_view prefix) const override {
    std::uint64_t n = 0;
    scan({.prefix = std::string{prefix}, .from = {}, .limit = 0}, [&](const store::record_ptr&) {
      ++n;
      return true;
    });
    return n;
  }

private:
  static constexpr std::uint64_t page = 1000;
  store::history of_;
  revision at_;
};

/// Answers if it can be answered now; false: it has to wait.
bool serve(host_ptr self, waiting_view& w) {
  auto& s = self->state;
  if (s.applied < w.applied || s.current->at() < w.at)
    return false;
  if (!w.exact || s.current->at() == w.at) {
    w.to.answer(viewed{s.current});
    return true;
  }
  if (s.installing)
    return false;
  auto past = s.with.store.state->past();
  if (w.at < past.compacted())
    w.to.answer(failure{.reason = reason::expired,
                        .message = "revision " + to_string(w.at) + " is compacted"});
  else
    w.to.answer(viewed{std::make_shared<const past_view>(std::move(past), w.at)});
  return true;
}

kernel::reply<viewed> serve_or_wait(host_ptr self, waiting_view w) {
  auto to = self->promise<viewed>();
  w.to = to;
  if (!serve(self, w))
    self->state.views.push_back(std::move(w));
  return to;
}

} // namespace

kernel::reply<viewed> take_view(host_ptr self, const get_view& m) {
  auto& s = self->state;
  using how = get_view::freshness;
  if (m.how == how::any)
    return viewed{s.current};
  if (m.how == how::not_older_than)
    return serve_or_wait(self, {.to = {},
                                .applied = {},
                                .at = m.at,
                                .exact = false,
                                .deadline = steady(self) + revision_wait});
  if (s.reads.size() >= s.with.settings.max_waiting)
    return kernel::answer(failure{.reason = reason::too_many_requests,
                                  .message = "too many reads wait",
                                  .causes = {},
                                  .retry_after_seconds = 1});
  auto to = self->promise<viewed>();
  s.reads.push_back(to);
  schedule_flush(self);
  return to;
}

kernel::reply<viewed> take_view_at(host_ptr self, const get_view_at& m) {
  return serve_or_wait(
    self,
    {.to = {}, .applied = {}, .at = m.at, .exact = true, .deadline = steady(self) + revision_wait});
}

void ask_reads(host_ptr self) {
  auto& s = self->state;
  if (s.reads.empty())
    return;
  auto ticket = s.next_ticket++;
  s.read_tickets[ticket] = std::move(s.reads);
  s.reads.clear();
  step(self, raft::read{raft::ticket{ticket}});
}

void answer_read(host_ptr self, const raft::read_verdict& v) {
  auto& s = self->state;
  auto asked = s.read_tickets.extract(static_cast<std::uint64_t>(v.ticket));
  if (!asked)
    return;
  for (auto& to : asked.mapped()) {
    if (v.verdict != raft::verdict::accepted) {
      to.answer(failure{.reason = reason::unavailable,
                        .message = "no master leads at the moment",
                        .causes = {},
                        .retry_after_seconds = 1});
      continue;
    }
    waiting_view w{
      .to = to, .applied = v.index, .at = {}, .exact = false, .deadline = steady(self) + read_wait};
    if (!serve(self, w))
      s.views.push_back(std::move(w));
  }
}

void serve_views(host_ptr self) {
  auto& s = self->state;
  auto stuck = s.read_only && !s.unapplied.empty();
  std::erase_if(s.views, [&](waiting_view& w) {
    if (serve(self, w))
      return true;
    if (stuck) {
      auto why = refused_for_room(self);
      why.reason = reason::unavailable; // another master may have room
      w.to.answer(std::move(why));
      return true;
    }
    if (steady(self) < w.deadline)
      return false;
    w.to.answer(failure{.reason = w.at == revision{} ? reason::unavailable : reason::timeout,
                        .message = "revision " + to_string(w.at)
                                   + " has not come here; this replica is at "
                                   + to_string(s.current->at())});
    return true;
  });
}

} // namespace troupe::storage
