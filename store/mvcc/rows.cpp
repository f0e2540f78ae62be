#include "store/mvcc/rows.hpp"

#include "store/base/wire.hpp"

namespace troupe::mvcc {
namespace {

constexpr std::string_view end_of_key{"\0\1", 2};
constexpr std::string_view zero{"\0\xff", 2};
constexpr std::uint8_t erased_flag = 1;
constexpr std::uint8_t last_flag = 2;
constexpr int patience = 4; // rows walked over before seeking

std::string escape(std::string_view key) {
  std::string out{versions};
  out.reserve(key.size() + 16);
  for (auto c : key)
    if (c == '\0')
      out.append(zero);
    else
      out.push_back(c);
  return out;
}

/// The first text after all that start with `prefix`, which holds a byte that is not ff.
std::string after(std::string prefix) {
  while (static_cast<unsigned char>(prefix.back()) == 0xff)
    prefix.pop_back();
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

} // namespace

std::string change_key(revision at) {
  std::string out = "r";
  put_ordered(out, raw(at));
  return out;
}

std::string version_key(std::string_view key, revision at) {
  auto out = escape(key);
  out.append(end_of_key);
  put_ordered(out, ~raw(at));
  return out;
}

std::string versions_from(std::string_view key) { return escape(key); }

std::string versions_after_prefix(std::string_view prefix) { return after(escape(prefix)); }

std::string versions_after_key(std::string_view key) {
  auto out = escape(key);
  out.append(end_of_key);
  return after(std::move(out));
}

std::optional<version> parse_version_key(std::string_view row) {
  constexpr auto tail = 2 + sizeof(std::uint64_t);
  if (row.size() < 1 + tail || row[0] != versions[0])
    return {};
  version out;
  unpacker number{row.substr(row.size() - sizeof(std::uint64_t))};
  out.at = revision{~number.ordered()};
  auto key = row.substr(1, row.size() - 1 - tail);
  if (row.substr(row.size() - tail, 2) != end_of_key)
    return {};
  out.key.reserve(key.size());
  for (std::size_t i = 0; i < key.size(); ++i) {
    out.key.push_back(key[i]);
    if (key[i] == '\0' && ++i == key.size()) // its ff
      return {};
  }
  return out;
}

std::optional<revision> parse_change_key(std::string_view row) {
  if (row.size() != 1 + sizeof(std::uint64_t) || row[0] != 'r')
    return {};
  return revision{unpacker{row.substr(1)}.ordered()};
}

std::string encode(const change_row& row) {
  std::string out;
  out.reserve(row.key.size() + 20);
  put_u8(out,
         static_cast<std::uint8_t>((row.erased ? erased_flag : 0) | (row.last ? last_flag : 0)));
  put_varint(out, raw(row.before));
  put_u64(out, raw(row.cause));
  out.append(row.key);
  return out;
}

std::optional<change_row> parse_change(std::string_view value) {
  unpacker in{value};
  change_row out;
  auto flags = in.u8();
  out.erased = (flags & erased_flag) != 0;
  out.last = (flags & last_flag) != 0;
  out.before = revision{in.varint()};
  out.cause = cause_id{in.u64()};
  if (!in.good())
    return {};
  out.key = in.rest();
  return out;
}

std::string version_value(const record& r) {
  std::string out;
  out.reserve(r.value->size() + 20);
  put_u8(out, 0);
  put_varint(out, raw(r.created));
  put_u64(out, raw(r.cause));
  out.append(*r.value);
  return out;
}

std::string tombstone() { return std::string(1, static_cast<char>(erased_flag)); }

std::optional<record_ptr> parse_version(version which, std::string_view value) {
  unpacker in{value};
  if (in.u8() == erased_flag)
    return in.done() ? std::optional<record_ptr>{nullptr} : std::nullopt;
  auto created = revision{in.varint()};
  auto cause = cause_id{in.u64()};
  if (!in.good())
    return {};
  return std::make_shared<const record>(record{
    .key = std::move(which.key),
    .value = share(std::string{in.rest()}),
    .created = created,
    .modified = which.at,
    .cause = cause,
  });
}

failure damaged(std::string_view what) {
  return {.message = "read " + std::string{what} + " from the store: the row is damaged"};
}

void put_change(write_batch& out, const change& what) {
  auto& key = what.key();
  out.put(change_key(what.at), encode(change_row{
                                 .erased = what.now == nullptr,
                                 .last = what.last,
                                 .before = what.before ? what.before->modified : revision{},
                                 .cause = what.cause,
                                 .key = key,
                               }));
  out.put(version_key(key, what.at), what.now ? version_value(*what.now) : tombstone());
}

version_walk::version_walk(const row_reader& from, std::string_view first, std::string_view end,
                           revision at)
    : cursor_(from.walk(first, end)), at_(at) {}

result<record_ptr> version_walk::next() {
  for (int skipped = 0; cursor_->valid();) {
    auto which = parse_version_key(cursor_->key());
    if (!which)
      return damaged("a version's key");
    if (which->at > at_) { // too new: an older one of this key may do
      if (++skipped <= patience)
        cursor_->next();
      else
        cursor_->seek(version_key(which->key, at_));
      continue;
    }
    skipped = 0;
    auto key = which->key;
    auto found = parse_version(std::move(*which), cursor_->value());
    if (!found)
      return damaged("a version of " + key);
    leave_key(key);
    if (*found)
      return std::move(*found);
  }
  CHECK_RETURN(cursor_->status());
  return record_ptr{};
}

void version_walk::leave_key(std::string_view key) {
  auto mine = versions_from(key);
  mine.append(end_of_key);
  for (int walked = 0; walked < patience; ++walked) {
    cursor_->next();
    if (!cursor_->valid() || !cursor_->key().starts_with(mine))
      return;
  }
  cursor_->seek(versions_after_key(key));
}

} // namespace troupe::mvcc
