#include "store/mvcc/backup.hpp"

#include "config/base/invariant.hpp"
#include "store/base/hash.hpp"
#include "store/base/wire.hpp"
#include "store/mvcc/rows.hpp"

namespace troupe::store {
namespace {

constexpr std::string_view magic = "troupe-snapshot\n";
constexpr std::size_t head_bytes = magic.size() + sizeof(std::uint32_t);
constexpr std::size_t frame_head = sizeof(std::uint32_t) + sizeof(std::uint8_t);

// In the stream: never renumbered.
constexpr std::uint8_t about_kind = 1;
constexpr std::uint8_t records_kind = 2;
constexpr std::uint8_t end_kind = 3;

constexpr std::size_t largest_payload = 64U << 20U; // what a reader is ready to buffer
constexpr std::size_t batch_bytes = 1U << 20U;

std::uint64_t chain_on(std::uint64_t chain, std::uint8_t kind, std::string_view payload) {
  return hash_mix(chain, hash_bytes(payload, kind));
}

std::string head() {
  std::string out{magic};
  put_u32(out, backup_format);
  return out;
}

std::string encode(const backup_about& about) {
  std::string out;
  put_varint(out, raw(about.at));
  put_bytes(out, about.cluster);
  put_bytes(out, about.program);
  put_u64(out, static_cast<std::uint64_t>(about.taken.time_since_epoch().count()));
  return out;
}

void put_record(std::string& out, const record& r) {
  put_bytes(out, r.key);
  put_varint(out, raw(r.created));
  put_varint(out, raw(r.modified));
  put_u64(out, raw(r.cause));
  put_bytes(out, *r.value);
}

record take_record(unpacker& in) {
  record out;
  out.key = in.bytes();
  out.created = revision{in.varint()};
  out.modified = revision{in.varint()};
  out.cause = cause_id{in.u64()};
  out.value = share(std::string{in.bytes()});
  return out;
}

failure refused(std::string why) {
  return {.reason = reason::invalid, .message = "read a snapshot: " + std::move(why)};
}

} // namespace

// -- writing -------------------------------------------------------------------------------------

backup_source::backup_source(history of, backup_about about, std::size_t frame_bytes)
    : of_(std::make_unique<history>(std::move(of)))
    , about_(std::move(about))
    , frame_bytes_(frame_bytes) {
  about_.at = of_->last();
}
backup_source::backup_source(backup_source&&) noexcept = default;
backup_source& backup_source::operator=(backup_source&&) noexcept = default;
backup_source::~backup_source() = default;

std::string backup_source::frame(std::uint8_t kind, std::string_view payload) {
  chain_ = chain_on(chain_, kind, payload);
  std::string out;
  out.reserve(payload.size() + frame_head + sizeof chain_);
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u8(out, kind);
  out.append(payload);
  put_u64(out, chain_);
  return out;
}

result<std::string> backup_source::gather() {
  std::string payload;
  while (payload.size() < frame_bytes_) {
    OR_RETURN(auto found, walk_->next());
    if (!found)
      break;
    put_record(payload, *found);
    ++count_;
  }
  return payload;
}

result<std::optional<std::string>> backup_source::next() {
  if (done_)
    return std::optional<std::string>{};
  if (!begun_) {
    begun_ = true;
    OR_RETURN(auto walk, of_->walk());
    walk_ = std::make_unique<mvcc::version_walk>(std::move(walk));
    auto out = head();
    chain_ = hash_bytes(out);
    return std::optional{out + frame(about_kind, encode(about_))};
  }
  OR_RETURN(auto payload, gather());
  if (!payload.empty())
    return std::optional{frame(records_kind, payload)};
  done_ = true;
  walk_.reset();
  put_varint(payload, count_);
  return std::optional{frame(end_kind, payload)};
}

// -- reading -------------------------------------------------------------------------------------

failure backup_reader::damaged(std::string_view what) const {
  return refused("it is damaged after byte " + std::to_string(good_) + ": " + std::string{what});
}

result<void> backup_reader::feed(std::string_view piece) {
  fed_ += piece.size();
  buffer_.append(piece);
  std::string_view rest{buffer_};
  for (bool whole = true; whole && !rest.empty();) {
    auto before = rest.size();
    OR_RETURN(whole, stage_ == stage::head ? take_head(rest) : take_frame(rest));
    good_ += before - rest.size();
  }
  buffer_.erase(0, buffer_.size() - rest.size());
  return {};
}

result<void> backup_reader::finish() const {
  if (stage_ == stage::complete)
    return {};
  return refused(stage_ == stage::head ? "it is no snapshot of Troupe's"
                                       : "it is cut off after " + std::to_string(fed_) + " bytes");
}

result<bool> backup_reader::take_head(std::string_view& rest) {
  auto seen = rest.substr(0, magic.size());
  if (seen != magic.substr(0, seen.size()))
    return refused("it is no snapshot of Troupe's");
  if (rest.size() < head_bytes)
    return false;
  auto bytes = rest.substr(0, head_bytes);
  auto version = unpacker{bytes.substr(magic.size())}.u32();
  if (version == 0 || version > backup_format)
    return refused("it is of format " + std::to_string(version)
                   + ", and this program knows formats up to " + std::to_string(backup_format));
  chain_ = hash_bytes(bytes);
  rest.remove_prefix(head_bytes);
  stage_ = stage::about;
  return true;
}

result<bool> backup_reader::take_frame(std::string_view& rest) {
  if (stage_ == stage::complete)
    return damaged("something follows its end");
  unpacker in{rest};
  auto size = in.u32();
  auto kind = in.u8();
  if (size > largest_payload)
    return damaged("a frame is larger than any that is written");
  auto payload = in.take(size);
  auto chain = in.u64();
  if (!in.good())
    return false;
  if (chain != chain_on(chain_, kind, payload))
    return damaged("a checksum does not agree");
  chain_ = chain;
  CHECK_RETURN(take(kind, payload));
  rest = in.rest();
  return true;
}

result<void> backup_reader::take(std::uint8_t kind, std::string_view payload) {
  if ((stage_ == stage::about) != (kind == about_kind))
    return damaged("its frames are out of order");
  switch (kind) {
  case about_kind: return take_about(payload);
  case records_kind: return take_records(payload);
  case end_kind: return take_end(payload);
  default: return damaged("a frame is of an unknown kind");
  }
}

result<void> backup_reader::take_about(std::string_view payload) {
  unpacker in{payload};
  about_.at = revision{in.varint()};
  about_.cluster = in.bytes();
  about_.program = in.bytes();
  about_.taken = instant{duration{static_cast<duration::rep>(in.u64())}};
  if (!in.done())
    return damaged("what it is of is malformed");
  stage_ = stage::records;
  return {};
}

result<void> backup_reader::take_records(std::string_view payload) {
  for (unpacker in{payload}; !in.done();) {
    auto next = take_record(in);
    bool sound = next.created > revision{} && next.created <= next.modified
                 && next.modified <= about_.at && (count_ == 0 || next.key > last_key_);
    if (!in.good() || !sound)
      return damaged("a record is malformed or out of order");
    last_key_ = next.key;
    ++count_;
    CHECK_RETURN(each_(std::make_shared<const record>(std::move(next))));
  }
  return {};
}

result<void> backup_reader::take_end(std::string_view payload) {
  unpacker in{payload};
  if (in.varint() != count_ || !in.done())
    return damaged("it has not as many records as its end says");
  stage_ = stage::complete;
  return {};
}

// -- restoring -----------------------------------------------------------------------------------

backup_restore::state::state(std::unique_ptr<replacement> to)
    : target(std::move(to)), reader([this](const record_ptr& r) { return add(*r); }) {}

result<void> backup_restore::state::add(const record& r) {
  batch.put(mvcc::version_key(r.key, r.modified), mvcc::version_value(r));
  sum += record_hash(r);
  if (batch.bytes() < batch_bytes)
    return {};
  CHECK_RETURN(target->write(batch));
  batch.clear();
  return {};
}

result<backup_restore> backup_restore::start(engine& into) {
  OR_RETURN(auto target, into.replace());
  return backup_restore{std::make_unique<state>(std::move(target))};
}

result<machine_facts> backup_restore::finish(std::uint64_t jump) {
  auto& s = *inner_;
  CHECK_RETURN(s.reader.finish());
  machine_facts facts;
  facts.applied = log_index{1};
  facts.term = term_id{1};
  facts.last = facts.compacted = s.reader.about().at + jump;
  facts.sum = s.sum;
  std::string swept;
  put_u64(swept, raw(facts.compacted));
  s.batch.put(mvcc::facts_row, store::encode(facts));
  s.batch.put(mvcc::swept_row, swept);
  s.batch.applied(facts.applied);
  CHECK_RETURN(s.target->write(s.batch));
  CHECK_RETURN(s.target->commit());
  return facts;
}

} // namespace troupe::store
