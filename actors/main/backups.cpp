#include "actors/main/backups.hpp"

#include "actors/api/http/mapping.hpp"
#include "actors/kernel/actor.hpp"
#include "store/mvcc/backup.hpp"

#include <map>
#include <optional>

namespace troupe::program {
namespace {

constexpr auto path = "/troupe/snapshot";
constexpr duration ask_within = 5s;
constexpr duration read_within = 60s;
constexpr std::size_t most_at_once = 2; // each holds back the engine's files

struct download {
  store::backup_source from;
  http::stream to;
  shared_bytes waiting; // the client takes it later
};
using download_ptr = std::shared_ptr<download>;

struct page_state {
  page_state() = default;
  backup_dependencies with;
  std::uint64_t next = 1;
  std::size_t starting = 0;
  std::map<std::uint64_t, download_ptr> under_way;
};
using pointer = kernel::self_ptr<backup_page_actor, page_state>;

backup_page_actor own_handle(pointer self) { return caf::actor_cast<backup_page_actor>(self); }

/// True: it is taken, and more may follow.
bool write(pointer self, std::uint64_t number, const download_ptr& d, shared_bytes piece) {
  switch (d->to.write(piece)) {
  case http::push::queued: return true;
  case http::push::full:
    d->waiting = std::move(piece);
    d->to.on_drain([me = own_handle(self), number] { kernel::tell(me, backup_goes_on{number}); });
    return false;
  case http::push::gone: self->state.under_way.erase(number); return false;
  }
  return false;
}

void go_on(pointer self, std::uint64_t number) {
  auto found = self->state.under_way.find(number);
  if (found == self->state.under_way.end())
    return;
  auto d = found->second;
  if (d->to.gone()) {
    self->state.under_way.erase(found);
    return;
  }
  if (d->waiting && !write(self, number, d, std::exchange(d->waiting, nullptr)))
    return;
  kernel::run(
    *self, *self->state.with.reader, [d] { return d->from.next(); }, read_within)
    .then([self, number, d](result<std::optional<std::string>> piece) {
      if (piece && *piece) {
        if (write(self, number, d, share(std::move(**piece))))
          go_on(self, number);
        return;
      }
      if (piece)
        d->to.end();
      else
        d->to.abort();
      self->state.under_way.erase(number);
    });
}

void begin(pointer self, const http::responder& to, const storage::history_of& past) {
  auto& s = self->state;
  if (past.of->is_elsewhere())
    return to.answer(http::failure_response(
      {.reason = reason::invalid,
       .message = "save a snapshot: the store is an etcd cluster; use etcdctl snapshot save"}));
  auto number = s.next++;
  store::backup_source from{
    *past.of,
    {.at = {}, .cluster = s.with.cluster, .program = s.with.program, .taken = self->now()}};
  auto out =
    to.begin(200, {{"Content-Type", "application/octet-stream"}, {"Cache-Control", "no-store"}});
  s.under_way[number] =
    std::make_shared<download>(download{.from = std::move(from), .to = out, .waiting = nullptr});
  out.on_gone([me = own_handle(self), number] { kernel::tell(me, backup_goes_on{number}); });
  go_on(self, number);
}

/// First what was acknowledged has to be here, then the engine's rows as they are then are taken.
void start(pointer self, const http::responder& to) {
  auto failed = [self, to](const failure& why) {
    --self->state.starting;
    to.answer(http::failure_response(why));
  };
  ++self->state.starting;
  self->ask(self->state.with.replica, storage::get_view{}, ask_within)
    .then([self, to, failed](const result<storage::viewed>& now) {
      if (!now)
        return failed(now.error());
      self->ask(self->state.with.replica, storage::get_history{}, ask_within)
        .then([self, to, failed](const result<storage::history_of>& past) {
          if (!past)
            return failed(past.error());
          --self->state.starting;
          begin(self, to, *past);
        });
    });
}

void serve(pointer self, const backup_asked& m) {
  if (m.what->method != "GET")
    return m.to.answer(http::failure_response(
      {.reason = reason::method_not_allowed,
       .message = "the server does not allow this method on the requested resource"}));
  if (self->state.under_way.size() + self->state.starting >= most_at_once)
    return m.to.answer(
      http::failure_response({.reason = reason::too_many_requests,
                              .message = "save a snapshot: this master sends two already",
                              .causes = {},
                              .retry_after_seconds = 5}));
  start(self, m.to);
}

} // namespace

backup_page_actor spawn_backup_page(const kernel::place& at, backup_dependencies with) {
  return kernel::spawn<backup_page_actor, page_state>(
    at,
    [](pointer self, backup_dependencies d) -> backup_page_actor::behavior_type {
      self->state.with = std::move(d);
      return {[self](const backup_asked& m) { serve(self, m); },
              [self](const backup_goes_on& m) { go_on(self, m.number); }};
    },
    std::move(with));
}

edge::page_entry backup_page(const backup_page_actor& by) {
  return {.prefix = path,
          .anonymous = false,
          .serve = [by](const http::request& what, const api::user&, const http::responder& to) {
            kernel::tell(by, backup_asked{std::make_shared<const http::request>(what), to});
          }};
}

} // namespace troupe::program
