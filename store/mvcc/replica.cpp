#include "store/mvcc/replica.hpp"

#include "config/base/invariant.hpp"
#include "store/base/wire.hpp"
#include "store/mvcc/opened.hpp"
#include "store/mvcc/rows.hpp"

#include <limits>

namespace troupe::store {
namespace {

constexpr auto newest = revision{std::numeric_limits<std::uint64_t>::max()};

result<record_index> load_records(const row_reader& from, std::uint64_t& sum) {
  index_builder out;
  mvcc::version_walk walk{from, mvcc::versions, mvcc::after_versions, newest};
  for (;;) {
    OR_RETURN(auto found, walk.next());
    if (!found)
      return out.finish();
    sum += record_hash(*found);
    out.add(std::move(found));
  }
}

/// Fails with forbidden unless each can be read here.
result<void> check_sealed(const record_index& records, const seal::keyring_ptr& keys) {
  result<void> out;
  records.scan({}, [&](const record_ptr& r) {
    if (seal::is_sealed(*r->value))
      if (auto opened = seal::open(keys, r->key, *r->value); !opened)
        out = std::move(opened).error();
    return out.has_value();
  });
  return out;
}

void put_facts(write_batch& out, const machine_facts& facts) {
  out.put(mvcc::facts_row, encode(facts));
  out.applied(facts.applied);
}

} // namespace

replica_state::replica_state(std::shared_ptr<engine> rows, const replica_options& options)
    : engine_(std::move(rows)), options_(options) {
  invariant(options_.check_every > 0, "states are compared every so many entries");
}

result<replica_state> replica_state::open(std::shared_ptr<engine> rows,
                                          const replica_options& options) {
  replica_state out{std::move(rows), options};
  CHECK_RETURN(out.load());
  out.options_.log.from = nullptr;
  return out;
}

result<void> replica_state::load() {
  auto rows = engine_->read();
  machine_state found;
  OR_RETURN(auto facts, rows->get(mvcc::facts_row));
  if (facts) {
    OR_RETURN(found.facts, decode_facts(*facts));
    bugs_ = options_.bugs;
  }
  OR_RETURN(auto swept, rows->get(mvcc::swept_row));
  if (swept)
    swept_ = revision{unpacker{*swept}.u64()};
  std::uint64_t sum = 0;
  OR_RETURN(found.records, load_records(*rows, sum));
  if (sum != found.facts.sum)
    return failure{.message = "open the store at index " + to_string(found.facts.applied)
                              + ": its records are not those that were written"};
  unreadable_ = !check_sealed(found.records, options_.keys);
  if (unreadable_)
    CHECK_RETURN(check_after_log(found));
  publish(std::move(found));
  return {};
}

/// Fails with forbidden unless all records open when the own log is applied to this copy.
result<void> replica_state::check_after_log(machine_state ahead) const {
  auto visit = [&](const committed_entry& entry) -> result<void> {
    CHECK_RETURN(store::apply(ahead, entry, {}, options_.speaks));
    return {};
  };
  if (options_.log.from)
    CHECK_RETURN(options_.log.from(ahead.facts.applied + 1, visit));
  return check_sealed(ahead.records, options_.keys);
}

void replica_state::publish(machine_state next) {
  state_ = std::move(next);
  current_ = make_view(state_.records, state_.facts.last);
  if (options_.keys || unreadable_)
    current_ = mvcc::opened(current_, options_.keys);
}

/// Opens the changes that lead to `next`; false, and none are left, when some do not open but may
/// still be overwritten.
result<bool> replica_state::open_changes(std::vector<applied_entry>& of,
                                         const machine_state& next) const {
  std::optional<failure> why;
  for (auto& entry : of)
    for (auto& each : entry.changes) {
      auto plain = mvcc::opened(each, options_.keys);
      if (!plain && of.front().index > options_.log.last)
        return std::move(plain).error();
      if (!plain)
        why = std::move(plain).error();
      else
        each = std::move(*plain);
    }
  auto ended = next.facts.applied >= options_.log.last;
  if (ended && (why || unreadable_))
    CHECK_RETURN(check_sealed(next.records, options_.keys));
  if (why)
    for (auto& entry : of)
      entry.changes.clear();
  return !why;
}

result<std::vector<applied_entry>> replica_state::apply(std::span<const committed_entry> entries) {
  std::vector<applied_entry> out;
  out.reserve(entries.size());
  auto next = state_; // given up when the engine refuses
  auto check = check_;
  auto bugs = bugs_;
  write_batch batch;
  for (auto& entry : entries) {
    bugs.ignore_fence = options_.bugs.ignore_fence;
    OR_RETURN(auto done, store::apply(next, entry, bugs, options_.speaks));
    for (auto& each : done.changes)
      mvcc::put_change(batch, *each);
    if (!done.changes.empty())
      bugs.apply_twice_after_restart = false;
    if (raw(entry.index) % options_.check_every == 0)
      check = state_check{entry.index, state_hash(next.facts)};
    out.push_back(std::move(done));
  }
  if (entries.empty())
    return out;
  OR_RETURN(auto all_open, open_changes(out, next));
  put_facts(batch, next.facts);
  CHECK_RETURN(engine_->write(batch));
  bugs_ = bugs;
  check_ = check;
  left_out_changes_ = !all_open;
  unreadable_ = (unreadable_ || !all_open) && next.facts.applied < options_.log.last;
  publish(std::move(next));
  return out;
}

history replica_state::past() const {
  history out{engine_->read(), state_.facts.compacted, state_.facts.last};
  out.opens_with(options_.keys);
  return out;
}

std::vector<transaction> replica_state::stale_seals(std::string& key, std::size_t most) const {
  std::vector<transaction> out;
  if (!options_.keys) {
    key.clear();
    return out;
  }
  std::size_t seen = 0;
  auto from = key.empty() ? key : key + '\0';
  state_.records.scan({.prefix = {}, .from = from, .limit = most}, [&](const record_ptr& r) {
    ++seen;
    key = r->key;
    auto plain = seal::open(options_.keys, r->key, *r->value);
    if (!plain)
      return true; // the log that is being applied overwrites it
    auto sealed = options_.keys->seal(r->key, std::move(*plain));
    if (sealed != *r->value)
      out.push_back(
        {.when = {{.what = predicate::test::modified_is, .key = r->key, .at = r->modified}},
         .then = {{.what = operation::kind::put, .key = r->key, .value = std::move(sealed)}},
         .fence = std::nullopt,
         .cause = {}});
    return true;
  });
  if (seen < most)
    key.clear();
  return out;
}

result<bool> replica_state::sweep(std::size_t rows) {
  if (swept_ >= state_.facts.compacted)
    return false;
  auto reader = engine_->read();
  auto first = mvcc::change_key(swept_ + 1);
  auto cursor = reader->walk(first, mvcc::change_key(state_.facts.compacted + 1));
  write_batch batch;
  auto upto = state_.facts.compacted;
  for (std::size_t i = 0; cursor->valid(); cursor->next(), ++i) {
    if (i == rows)
      break;
    auto at = mvcc::parse_change_key(cursor->key());
    auto row = at ? mvcc::parse_change(cursor->value()) : std::nullopt;
    if (!row)
      return mvcc::damaged("a change");
    if (row->before != revision{})
      batch.erase(mvcc::version_key(row->key, row->before));
    if (row->erased)
      batch.erase(mvcc::version_key(row->key, *at));
    upto = *at;
  }
  CHECK_RETURN(cursor->status());
  auto more = cursor->valid();
  if (!more)
    upto = state_.facts.compacted;
  batch.erase_range(first, mvcc::change_key(upto + 1));
  std::string mark;
  put_u64(mark, raw(upto));
  batch.put(mvcc::swept_row, mark);
  CHECK_RETURN(engine_->write(batch));
  swept_ = upto;
  return more;
}

result<snapshot_sink> replica_state::start_restore() {
  OR_RETURN(auto target, engine_->replace());
  return snapshot_sink{std::move(target)};
}

result<void> replica_state::finish_restore(snapshot_sink sink) {
  if (!sink.complete())
    return failure{.reason = reason::bad_request,
                   .message = "restore a snapshot: its end is missing"};
  CHECK_RETURN(check_sealed(sink.state_.records, options_.keys));
  write_batch batch;
  put_facts(batch, sink.state_.facts);
  CHECK_RETURN(sink.target_->write(batch));
  CHECK_RETURN(sink.target_->commit());
  swept_ = sink.swept_;
  check_.reset();
  unreadable_ = left_out_changes_ = false;
  publish(std::move(sink.state_));
  return {};
}

} // namespace troupe::store
