// The disk is looked at, and writes are refused while it is too full. Linearizable reads wait only
// while a committed entry finds no room in the state machine, which the reserve is there to
// prevent.
#include "actors/storage/health.hpp"

#include "actors/kernel/pool.hpp"
#include "actors/storage/host.hpp"
#include "store/machine/command.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr duration look_every = 1s;
constexpr duration look_within = 30s;

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

void decide(host_ptr self) {
  auto& s = self->state;
  s.disk.log_refused = s.log_refused;
  s.disk.rows_refused = !s.unapplied.empty() && !s.rows_flushing;
  s.read_only = too_full(s.disk, s.read_only);
  if (!s.with.health)
    return;
  store_health now{.read_only = s.read_only,
                   .why = {},
                   .behind = s.read_only && !s.unapplied.empty(),
                   .free_bytes = s.disk.free_bytes,
                   .reserve_bytes = s.disk.reserve_bytes};
  if (s.read_only)
    now.why = full_message(s.disk, name_of(s.with.settings.address), s.with.store.directory);
  if (now != s.health_told)
    s.with.health->set(now);
  s.health_told = std::move(now);
}

} // namespace

/// It leads and has no room: of the others one that has some is to lead.
void look_for_room(host_ptr self) {
  auto& s = self->state;
  auto leads = [self] { return self->state.leadership.role == raft::role_name::leader; };
  if (!s.read_only || !leads() || steady(self) < s.next_room_question)
    return;
  s.next_room_question = steady(self) + look_every;
  for (const auto& m : s.core->members().members) {
    if (m.role != raft::member_role::voter || m.id == s.with.settings.raft.self
        || !is_heard(self, m.id))
      continue;
    self->ask(peer_of(self, m.id), list_members{.passed_on = true}, look_every)
      .then([self, leads, id = m.id](const result<members_listed>& told) {
        if (told && !told->read_only && self->state.read_only && leads())
          step(self, raft::transfer_leadership{id});
      });
  }
}

bool too_full(const disk_facts& now, bool refused) {
  if (now.log_refused || now.rows_refused)
    return true;
  auto needed = now.reserve_bytes + (refused ? now.reserve_bytes / 4 : 0);
  return now.free_bytes < needed;
}

std::string full_message(const disk_facts& now, const std::string& member,
                         const std::string& directory) {
  auto out = "the store is read-only: the disk of " + member + " (" + directory + ") ";
  if (now.free_bytes >= now.reserve_bytes)
    out += "takes no more";
  else
    out += "has " + mebibytes(now.free_bytes) + " left, less than storeReserve ("
           + mebibytes(now.reserve_bytes) + ")";
  return out + "; free some, and it goes on by itself";
}

failure refused_for_room(host_ptr self) {
  auto& s = self->state;
  return {.reason = reason::storage_full,
          .message =
            full_message(s.disk, name_of(s.with.settings.address), s.with.store.directory)};
}

bool makes_grow(const store::transaction& what) {
  return std::any_of(what.then.begin(), what.then.end(), [](const store::operation& o) {
    return o.what == store::operation::kind::put;
  });
}

bool makes_grow(std::string_view command) {
  auto what = store::decode(command);
  const auto* transaction = what ? std::get_if<store::transaction>(&*what) : nullptr;
  return transaction && makes_grow(*transaction);
}

void keep_health(host_ptr self) {
  auto& s = self->state;
  decide(self);
  look_for_room(self);
  if (s.disk_looked_at || s.with.settings.disk_reserve == 0 || steady(self) < s.next_disk_look)
    return;
  s.disk_looked_at = true;
  s.next_disk_look = steady(self) + look_every;
  s.disk.reserve_bytes = s.with.settings.disk_reserve;
  kernel::run(
    *self, *s.with.reader,
    [files = s.with.store.files, directory = s.with.store.directory] {
      return files->free_bytes(directory);
    },
    look_within)
    .then([self](const result<std::uint64_t>& free) {
      self->state.disk_looked_at = false;
      if (free)
        self->state.disk.free_bytes = *free;
      decide(self);
    });
}

} // namespace troupe::storage
