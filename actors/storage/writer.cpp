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

/// On the log's thread.
result<written> write_all(wal::log_file& log, std::vector<write_order> orders) {
  written out;
  bool wrote = false;
  for (auto& o : orders) {
    if (!out.left.empty()) {
      out.left.push_back(std::move(o));
      continue;
    }
    if (o.batch.ballot || o.batch.reset || !o.batch.entries.empty()) {
      auto appended = log.append(o.batch);
      if (!appended && appended.error().reason == reason::unavailable) {
        out.left.push_back(std::move(o));
        continue;
      }
      CHECK_RETURN(std::move(appended));
      wrote = true;
    }
    out.done.push_back(std::move(o));
  }
  if (wrote)
    CHECK_RETURN(log.sync());
  for (const auto& o : out.done)
    if (o.cut)
      CHECK_RETURN(log.cut_head(*o.cut));
  return out;
}

void write_next(host_ptr self);

void finished(host_ptr self, written what) {
  auto& s = self->state;
  s.writing = false;
  for (auto o = what.left.rbegin(); o != what.left.rend(); ++o)
    s.orders.push_front(std::move(*o));
  for (const auto& o : what.done)
    s.durable = std::max(s.durable, o.id);
  for (const auto& o : what.done)
    send(self, o.after);
  if (!what.done.empty())
    step(self, raft::write_finished{s.durable});
  if (what.left.empty())
    write_next(self);
  // else the next tick tries again
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
