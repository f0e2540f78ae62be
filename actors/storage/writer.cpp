// The log's thread: all that is ordered while a sync runs becomes the next batch.
#include "actors/kernel/pool.hpp"
#include "actors/storage/host.hpp"

namespace troupe::storage {
namespace {

constexpr duration write_deadline = 60s; // a disk that stalls longer ends the process

struct written {
  std::vector<write_order> done;
  std::vector<write_order> left; // the disk was full
};

bool is_empty(const wal::batch& b) { return !b.ballot && !b.reset && b.entries.empty(); }

/// Whether `next` only adds entries behind those of `b`: then both are one batch.
bool continues(const wal::batch& b, const wal::batch& next) {
  return !next.ballot && !next.reset
         && (next.entries.empty()
             || (!b.entries.empty() && next.entries.front().index == b.entries.back().index + 1));
}

/// How many orders from `first` on are one batch, which is `out`.
std::size_t gather(const std::vector<write_order>& orders, std::size_t first, wal::batch& out) {
  out = orders[first].batch;
  auto at = first + 1;
  for (; at < orders.size() && continues(out, orders[at].batch); ++at)
    out.entries.insert(out.entries.end(), orders[at].batch.entries.begin(),
                       orders[at].batch.entries.end());
  return at - first;
}

/// On the log's thread.
result<written> write_all(wal::log_file& log, std::vector<write_order> orders) {
  written out;
  bool wrote = false;
  std::size_t at = 0;
  for (wal::batch batch; at < orders.size();) {
    auto count = gather(orders, at, batch);
    if (!is_empty(batch)) {
      auto appended = log.append(batch);
      if (!appended && appended.error().reason == reason::unavailable)
        break;
      CHECK_RETURN(std::move(appended));
      wrote = true;
    }
    at += count;
  }
  auto middle = orders.begin() + static_cast<std::ptrdiff_t>(at);
  out.done.assign(std::make_move_iterator(orders.begin()), std::make_move_iterator(middle));
  out.left.assign(std::make_move_iterator(middle), std::make_move_iterator(orders.end()));
  if (wrote)
    CHECK_RETURN(log.sync());
  for (const auto& o : out.done)
    if (o.cut)
      CHECK_RETURN(log.cut_head(*o.cut));
  return out;
}

/// Letters that may leave now. Of a leader's acknowledgements the last one says all.
std::vector<raft::letter> letters_of(std::vector<write_order>& done) {
  std::vector<raft::letter> out;
  auto is_ack = [](const raft::letter& l) {
    return std::holds_alternative<raft::append_accepted>(l.body);
  };
  for (auto& o : done)
    for (auto& l : o.after) {
      if (is_ack(l) && !out.empty() && is_ack(out.back()) && out.back().to == l.to
          && out.back().term == l.term
          && std::get<raft::append_accepted>(out.back().body).match
               <= std::get<raft::append_accepted>(l.body).match)
        out.pop_back();
      out.push_back(std::move(l));
    }
  return out;
}

void write_next(host_ptr self);

void finished(host_ptr self, written what) {
  auto& s = self->state;
  s.writing = false;
  s.log_refused = !what.left.empty();
  for (auto o = what.left.rbegin(); o != what.left.rend(); ++o)
    s.orders.push_front(std::move(*o));
  for (const auto& o : what.done)
    s.durable = std::max(s.durable, o.id);
  if (what.left.empty())
    write_next(self); // the disk works while this actor does
  // else the next tick tries again
  send(self, letters_of(what.done));
  if (!what.done.empty())
    step(self, raft::write_finished{s.durable});
}

void write_next(host_ptr self) {
  auto& s = self->state;
  if (s.writing || s.orders.empty())
    return;
  s.writing = true;
  auto log = s.with.store.log;
  auto orders = std::make_shared<std::vector<write_order>>(
    std::make_move_iterator(s.orders.begin()), std::make_move_iterator(s.orders.end()));
  s.orders.clear();
  kernel::run(
    *self, *s.with.writer, [log, orders] { return write_all(*log, std::move(*orders)); },
    write_deadline)
    .then([self](result<written> w) {
      if (!w)
        return self->fail(std::move(w).error());
      finished(self, std::move(*w));
    });
}

} // namespace

void order_write(host_ptr self, write_order o) {
  auto& s = self->state;
  bool nothing_to_write = !o.batch.ballot && !o.batch.reset && o.batch.entries.empty() && !o.cut;
  if (nothing_to_write && o.id <= s.durable)
    return send(self, o.after);
  s.orders.push_back(std::move(o));
  write_next(self);
}

} // namespace troupe::storage
