// The bytes of a segment.
#include "store/wal/record.hpp"

#include "store/wal/crc32c.hpp"

namespace troupe::wal {

namespace {

constexpr std::string_view magic = "TROUPLOG";
constexpr std::uint32_t format_version = 1;

void put32(std::string& out, std::uint64_t n) {
  for (int i = 0; i < 4; ++i, n >>= 8)
    out += static_cast<char>(n & 0xff);
}
void put64(std::string& out, std::uint64_t n) {
  put32(out, n & 0xffffffffU);
  put32(out, n >> 32);
}
std::uint32_t get32(std::string_view bytes, std::size_t at) {
  std::uint32_t n = 0;
  for (std::size_t i = 4; i-- > 0;)
    n = (n << 8) | static_cast<unsigned char>(bytes[at + i]);
  return n;
}
std::uint64_t get64(std::string_view bytes, std::size_t at) {
  return get32(bytes, at) | (static_cast<std::uint64_t>(get32(bytes, at + 4)) << 32);
}
std::uint32_t low(std::uint64_t number) { return static_cast<std::uint32_t>(number); }

} // namespace

std::string encode(const segment_header& h) {
  std::string out{magic};
  put32(out, format_version);
  put32(out, h.chain);
  put64(out, h.number);
  put64(out, h.previous_end);
  put64(out, h.size);
  put64(out, raw(h.identity.member));
  put32(out, h.identity.cluster.size());
  out += h.identity.cluster;
  put32(out, crc32c(out));
  out.resize(records_begin);
  return out;
}

result<segment_header> decode_segment_header(std::string_view bytes) {
  auto broken = [](std::string what) {
    return failure{.reason = reason::internal, .message = std::move(what)};
  };
  constexpr std::size_t fixed = 52;
  if (bytes.size() < records_begin || !bytes.starts_with(magic))
    return broken("it has no header of a log segment");
  auto name = get32(bytes, 48);
  if (name > 64 || get32(bytes, fixed + name) != crc32c(bytes.substr(0, fixed + name)))
    return broken("its header is damaged");
  if (auto version = get32(bytes, 8); version != format_version)
    return broken("its format version " + std::to_string(version) + " is not understood");
  return segment_header{
    .number = get64(bytes, 16),
    .size = get64(bytes, 32),
    .identity = {std::string{bytes.substr(fixed, name)}, member_id{get64(bytes, 40)}},
    .previous_end = get64(bytes, 24),
    .chain = get32(bytes, 12)};
}

std::uint64_t claimed_size(std::string_view segment, std::uint64_t offset, std::uint64_t number) {
  if (offset + record_header_bytes > segment.size() || get32(segment, offset + 12) != low(number))
    return 0;
  auto kind = static_cast<unsigned char>(segment[offset + 20]);
  auto size = record::padded(get32(segment, offset + 8));
  if (kind < 1 || kind > 5 || size > segment.size() - offset)
    return 0;
  return size;
}

std::optional<record> read_record(std::string_view segment, std::uint64_t offset,
                                  std::uint64_t number) {
  if (claimed_size(segment, offset, number) == 0)
    return std::nullopt;
  auto length = get32(segment, offset + 8);
  record r{.checksum = get32(segment, offset),
           .previous = get32(segment, offset + 4),
           .synced = get32(segment, offset + 16),
           .kind = static_cast<record_kind>(segment[offset + 20]),
           .payload = segment.substr(offset + record_header_bytes, length)};
  if (r.checksum != crc32c(segment.substr(offset + 4, record_header_bytes - 4 + length)))
    return std::nullopt;
  return r;
}

std::uint32_t put_record(std::string& out, record_kind kind, std::string_view payload,
                         std::uint64_t number, std::uint64_t synced, std::uint32_t previous) {
  auto begin = out.size();
  put32(out, 0);
  put32(out, previous);
  put32(out, payload.size());
  put32(out, low(number));
  put32(out, synced);
  out += static_cast<char>(kind);
  out.append(3, '\0');
  out += payload;
  auto checksum = crc32c(std::string_view{out}.substr(begin + 4));
  for (std::size_t i = 0; i < 4; ++i)
    out[begin + i] = static_cast<char>((checksum >> (8 * i)) & 0xff);
  out.resize(begin + record::padded(payload.size()));
  return checksum;
}

std::string encode(const raft::ballot& b) {
  std::string out;
  put64(out, raw(b.term));
  put64(out, raw(b.voted_for));
  return out;
}

std::string encode(const raft::snapshot_mark& m) {
  std::string out;
  put64(out, raw(m.at.term));
  put64(out, raw(m.at.index));
  return out + raft::encode(m.members);
}

std::string encode(const raft::entry& e) {
  std::string out;
  out.reserve(entry_payload_bytes(e));
  put64(out, raw(e.term));
  put64(out, raw(e.index));
  out += static_cast<char>(e.kind);
  out += e.bytes();
  return out;
}

std::optional<raft::ballot> decode_ballot(std::string_view payload) {
  if (payload.size() != 16)
    return std::nullopt;
  return raft::ballot{term_id{get64(payload, 0)}, member_id{get64(payload, 8)}};
}

std::optional<raft::snapshot_mark> decode_mark(std::string_view payload) {
  if (payload.size() < 16)
    return std::nullopt;
  auto members = raft::decode_configuration(payload.substr(16));
  if (!members)
    return std::nullopt;
  return raft::snapshot_mark{{term_id{get64(payload, 0)}, log_index{get64(payload, 8)}},
                             *std::move(members)};
}

std::optional<raft::log_position> decode_position(std::string_view payload) {
  if (payload.size() < 17)
    return std::nullopt;
  return raft::log_position{term_id{get64(payload, 0)}, log_index{get64(payload, 8)}};
}

std::optional<raft::entry> decode_entry(std::string_view payload) {
  auto at = decode_position(payload);
  auto kind = at ? static_cast<unsigned char>(payload[16]) : 0xffU;
  if (kind > static_cast<unsigned>(raft::entry_kind::configuration))
    return std::nullopt;
  raft::entry e{at->term, at->index, static_cast<raft::entry_kind>(kind), nullptr};
  if (payload.size() > 17 || e.kind == raft::entry_kind::command)
    e.command = share(std::string{payload.substr(17)});
  if (e.kind == raft::entry_kind::configuration && !raft::decode_configuration(e.bytes()))
    return std::nullopt;
  return e;
}

} // namespace troupe::wal
