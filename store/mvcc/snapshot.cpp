#include "store/mvcc/snapshot.hpp"

#include "store/base/hash.hpp"
#include "store/base/wire.hpp"
#include "store/mvcc/rows.hpp"

namespace troupe::store {
namespace {

// In the stream: never renumbered.
constexpr std::uint8_t facts_kind = 1;
constexpr std::uint8_t rows_kind = 2;
constexpr std::uint8_t end_kind = 3;

constexpr std::string_view magic = "troupe-state-1\n";
constexpr std::size_t head_bytes = sizeof(std::uint32_t) + sizeof(std::uint8_t);
constexpr std::size_t largest_payload = 256U << 20U; // what a sink is ready to buffer

std::uint64_t chain_on(std::uint64_t chain, std::uint8_t kind, std::string_view payload) {
  return hash_mix(chain, hash_bytes(payload, kind));
}

failure malformed(std::string_view what) {
  return {.reason = reason::bad_request, .message = "read a snapshot: " + std::string{what}};
}

} // namespace

snapshot_source::snapshot_source(row_reader_ptr rows, machine_facts facts, std::size_t frame_bytes)
    : rows_(std::move(rows)), facts_(std::move(facts)), frame_bytes_(frame_bytes) {}

std::string snapshot_source::frame(std::uint8_t kind, std::string_view payload) {
  chain_ = chain_on(chain_, kind, payload);
  std::string out;
  out.reserve(payload.size() + head_bytes + sizeof chain_);
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u8(out, kind);
  out.append(payload);
  put_u64(out, chain_);
  return out;
}

result<std::optional<std::string>> snapshot_source::next() {
  if (stage_ == stage::facts) {
    stage_ = stage::rows;
    cursor_ = rows_->walk({}, {});
    return std::optional{frame(facts_kind, std::string{magic} + encode(facts_))};
  }
  if (stage_ == stage::done)
    return std::optional<std::string>{};
  std::string payload;
  for (; cursor_->valid() && payload.size() < frame_bytes_; cursor_->next()) {
    if (cursor_->key() == mvcc::facts_row) // travels first, and as of the last apply
      continue;
    put_bytes(payload, cursor_->key());
    put_bytes(payload, cursor_->value());
    ++count_;
  }
  if (!payload.empty())
    return std::optional{frame(rows_kind, payload)};
  CHECK_RETURN(cursor_->status());
  stage_ = stage::done;
  cursor_.reset();
  put_u64(payload, count_);
  return std::optional{frame(end_kind, payload)};
}

snapshot_sink::snapshot_sink(std::unique_ptr<replacement> target) : target_(std::move(target)) {}

result<void> snapshot_sink::feed(std::string_view piece) {
  buffer_.append(piece);
  std::size_t at = 0;
  for (;;) {
    OR_RETURN(auto whole, take_frame(at));
    if (!whole)
      break;
  }
  buffer_.erase(0, at);
  return {};
}

result<bool> snapshot_sink::take_frame(std::size_t& at) {
  unpacker in{std::string_view{buffer_}.substr(at)};
  auto size = in.u32();
  auto kind = in.u8();
  if (size > largest_payload)
    return malformed("a frame is larger than this program takes");
  auto payload = in.take(size);
  auto chain = in.u64();
  if (!in.good())
    return false;
  if (complete_)
    return malformed("there is something after its end");
  if (chain != chain_on(chain_, kind, payload))
    return malformed("a frame is damaged, missing or out of order");
  chain_ = chain;
  CHECK_RETURN(take(kind, payload));
  at += head_bytes + size + sizeof chain;
  return true;
}

result<void> snapshot_sink::take(std::uint8_t kind, std::string_view payload) {
  if (started_ != (kind != facts_kind))
    return malformed("its facts do not come first");
  switch (kind) {
  case facts_kind: return take_facts(payload);
  case rows_kind: return take_rows(payload);
  case end_kind: return take_end(payload);
  default: return malformed("a frame is of an unknown kind");
  }
}

result<void> snapshot_sink::take_facts(std::string_view payload) {
  if (!payload.starts_with(magic))
    return malformed("it is not one, or of another version");
  payload.remove_prefix(magic.size());
  OR_RETURN(state_.facts, decode_facts(payload));
  started_ = true;
  return {};
}

result<void> snapshot_sink::take_rows(std::string_view payload) {
  write_batch batch;
  for (unpacker in{payload}; !in.done();) {
    auto key = in.bytes();
    auto value = in.bytes();
    if (!in.good() || key <= row_)
      return malformed("a row is malformed or out of order");
    CHECK_RETURN(take_row(key, value));
    batch.put(key, value);
    row_ = key;
    ++count_;
  }
  return target_->write(batch);
}

result<void> snapshot_sink::take_row(std::string_view key, std::string_view value) {
  if (key == mvcc::swept_row) {
    swept_ = revision{unpacker{value}.u64()};
    return {};
  }
  if (mvcc::parse_change_key(key))
    return {};
  auto which = mvcc::parse_version_key(key);
  if (!which)
    return malformed("a row is of an unknown kind");
  if (records_seen_ && which->key == key_)
    return {};
  records_seen_ = true;
  key_ = which->key;
  auto found = mvcc::parse_version(std::move(*which), value);
  if (!found)
    return malformed("a version is malformed");
  if (*found) {
    sum_ += record_hash(**found);
    records_.add(std::move(*found));
  }
  return {};
}

result<void> snapshot_sink::take_end(std::string_view payload) {
  unpacker in{payload};
  if (in.u64() != count_ || !in.done() || sum_ != state_.facts.sum)
    return malformed("its end does not agree with what came before");
  state_.records = records_.finish();
  complete_ = true;
  return {};
}

} // namespace troupe::store
