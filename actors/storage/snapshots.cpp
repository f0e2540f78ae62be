// Snapshots of the state machine: written to a file for a follower that lags too far, or taken in.
#include "actors/kernel/pool.hpp"
#include "actors/storage/host.hpp"
#include "actors/storage/installed_mark.hpp"

namespace troupe::storage {
namespace {

constexpr duration snapshot_deadline = 10min;
constexpr duration chunk_deadline = 30s;
constexpr duration shared_for = 60s; // a snapshot this young serves another follower too

std::string file_name(host_ptr self, std::string_view kind, std::uint64_t number) {
  return self->state.with.store.directory + "/" + std::string{kind} + "-" + std::to_string(number);
}

/// On the reader's thread.
result<std::uint64_t> write_snapshot(wal::file_layer& files, const std::string& name,
                                     store::snapshot_source source) {
  OR_RETURN(auto file, files.create(name, 0));
  std::uint64_t at = 0;
  while (true) {
    OR_RETURN(auto piece, source.next());
    if (!piece)
      break;
    CHECK_RETURN(file->write_at(at, *piece));
    at += piece->size();
  }
  return at;
}

result<void> read_snapshot(const wal::file& file, store::snapshot_sink& into) {
  OR_RETURN(auto total, file.size());
  constexpr std::uint64_t piece = 1U << 20;
  for (std::uint64_t at = 0; at < total; at += piece) {
    OR_RETURN(auto bytes, file.read_at(at, piece));
    CHECK_RETURN(into.feed(bytes));
  }
  if (!into.complete())
    return failure{.reason = reason::invalid, .message = "the snapshot is not whole"};
  return {};
}

void perform(host_ptr self, const raft::take_snapshot& o) {
  auto& s = self->state;
  for (auto& [id, out] : s.outgoing)
    if (steady(self) - out.taken < shared_for) {
      out.users.insert(o.to);
      return step(self, raft::snapshot_taken{o.to, id, out.index, out.total});
    }
  if (s.installing)
    return step(self, raft::snapshot_taken{o.to, {}, {}, 0});
  auto number = s.next_snapshot++;
  auto source = std::make_shared<store::snapshot_source>(s.with.store.state->take_snapshot());
  auto name = file_name(self, "out", number);
  auto files = s.with.store.files;
  auto index = source->facts().applied;
  kernel::run(
    *self, *s.with.reader, [=] { return write_snapshot(*files, name, std::move(*source)); },
    snapshot_deadline)
    .then([=](result<std::uint64_t> total) {
      raft::snapshot_id id{number};
      if (!total)
        return step(self, raft::snapshot_taken{o.to, {}, {}, 0});
      self->state.outgoing[id] = {
        .file = name, .index = index, .total = *total, .users = {o.to}, .taken = steady(self)};
      step(self, raft::snapshot_taken{o.to, id, index, *total});
    });
}

void perform(host_ptr self, const raft::load_chunk& o) {
  auto& s = self->state;
  auto found = s.outgoing.find(o.id);
  if (found == s.outgoing.end())
    return step(self, raft::chunk_loaded{o.to, o.id, o.offset, nullptr});
  auto files = s.with.store.files;
  auto name = found->second.file;
  kernel::run(
    *self, *s.with.reader,
    [=]() -> result<std::string> {
      OR_RETURN(auto file, files->open(name));
      return file->read_at(o.offset, o.max_bytes);
    },
    chunk_deadline)
    .then([=](result<std::string> bytes) {
      step(self,
           raft::chunk_loaded{o.to, o.id, o.offset, bytes ? share(std::move(*bytes)) : nullptr});
    });
}

void perform(host_ptr self, const raft::release_snapshot& o) {
  auto& s = self->state;
  auto found = s.outgoing.find(o.id);
  if (found == s.outgoing.end())
    return;
  found->second.users.erase(o.to);
  if (!found->second.users.empty())
    return;
  auto files = s.with.store.files;
  kernel::run(
    *self, *s.with.reader, [files, name = found->second.file] { return files->remove(name); },
    chunk_deadline)
    .then([](const result<void>&) {});
  s.outgoing.erase(found);
}

void perform(host_ptr self, const raft::store_chunk& o) {
  auto& s = self->state;
  if (o.offset == 0) {
    s.incoming.reset();
    s.incoming_id = o.id;
  } else if (!s.incoming || s.incoming_id != o.id) {
    return step(self, raft::chunk_stored{o.from, o.id, 0});
  }
  kernel::run(
    *self, *s.with.writer, // one thread: chunks stay in their order
    [o, files = s.with.store.files, name = file_name(self, "in", 0),
     file = s.incoming]() mutable -> result<std::shared_ptr<wal::file>> {
      if (!file) {
        OR_RETURN(file, files->create(name, 0));
      }
      if (o.bytes)
        CHECK_RETURN(file->write_at(o.offset, *o.bytes));
      return file;
    },
    chunk_deadline)
    .then([self, o](result<std::shared_ptr<wal::file>> file) {
      auto& h = self->state;
      if (file && h.incoming_id == o.id)
        h.incoming = *file;
      auto bytes = file && o.bytes ? o.bytes->size() : 0;
      step(self, raft::chunk_stored{o.from, o.id, o.offset + bytes});
    });
}

void perform(host_ptr self, const raft::install_snapshot& o) {
  auto& s = self->state;
  auto failed = [self, o] { step(self, raft::snapshot_installed{o.from, o.id, false}); };
  if (!s.incoming || s.installing)
    return failed();
  s.installing = true; // until it is done this actor leaves the state alone
  kernel::run(
    *self, *s.with.reader,
    [file = s.incoming, state = s.with.store.state, files = s.with.store.files,
     directory = s.with.store.directory, mark = o.mark]() -> result<void> {
      OR_RETURN(auto into, state->start_restore());
      CHECK_RETURN(read_snapshot(*file, into));
      CHECK_RETURN(save_mark(*files, directory, mark));
      return state->finish_restore(std::move(into));
    },
    snapshot_deadline)
    .then([self, o, failed](const result<void>& done) {
      auto& h = self->state;
      h.installing = false;
      h.incoming.reset();
      if (!done && done.error().reason == reason::forbidden)
        return self->fail(done.error()); // sealed with a key that is not here
      if (!done)
        return failed();
      const auto& facts = h.with.store.state->facts();
      h.current = h.with.store.state->current();
      h.applied = facts.applied;
      h.unapplied.clear();
      h.recent.clear();
      fail_writes_up_to(
        self, h.applied,
        {.reason = reason::timeout,
         .message = "the write's outcome is unknown: it was overtaken by a snapshot"});
      self->tell(h.with.hub, replaced{facts.last, facts.compacted});
      step(self, raft::snapshot_installed{o.from, o.id, true});
      serve_views(self);
    });
}

} // namespace

void perform_snapshot(host_ptr self, const raft::snapshot_order& o) {
  std::visit([self](const auto& what) { perform(self, what); }, o);
}

} // namespace troupe::storage
