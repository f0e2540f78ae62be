// What happens to the disks of a cluster.
#include "store/wal/replay.hpp"
#include "tests/simulation/cluster.hpp"

#include <algorithm>

namespace troupe::sim {

void cluster::fail_sync(std::size_t at) {
  if (up(at))
    members[at].disk->fail_next_sync();
}

/// A damaged log is never served; who has it leaves, and somebody takes its place.
bool cluster::refused(std::size_t at, const failure& why) {
  auto& m = members[at];
  if (!m.rotten || why.message.find("damaged") == std::string::npos)
    return false;
  ++to.count["rotten logs refused"];
  m.lost = m.leaving = m.retired = true;
  return true;
}

bool cluster::rot(std::size_t at) {
  auto& m = members[at];
  std::vector<std::string> logs;
  auto files = m.disk->contents();
  for (const auto& [path, bytes] : files)
    if (path.ends_with(".log"))
      logs.push_back(path);
  if (logs.empty())
    return false;
  const auto& path = logs[world.random().below(logs.size())];
  const auto& bytes = files.at(path);
  auto header = wal::decode_segment_header(bytes);
  auto good = header ? wal::scan(bytes, *header) : result<wal::scanned>{header.error()};
  if (!good || good->proved <= wal::records_begin + wal::record_header_bytes)
    return false;
  auto where = world.random().between(wal::records_begin, good->proved - 1);
  std::string wrong{static_cast<char>(bytes[where] ^ (1 << world.random().below(8)))};
  if (auto how = world.random().below(3); how != 0) { // a lost write, or another one's
    where = where / 512 * 512;
    auto length = std::min<std::uint64_t>(512, good->proved - where);
    wrong = how == 1 ? std::string(length, '\0') : bytes.substr(where - 512, length);
  }
  m.disk->spoil(path, where, wrong);
  m.rotten = true;
  return true;
}

void cluster::lose_power(member& m) {
  m.rows->crash();
  auto lost = m.disk->power_cut(world.random());
  if (lost == 0)
    return;
  ++to.count["crashes that lost unsynced bytes"];
  to.count["sectors lost"] += lost;
}

void cluster::fail_disk(std::size_t at, std::uint64_t operations, duration down) {
  auto& m = members[at];
  if (!m.now)
    return;
  m.disk->fail_after(operations);
  world.after(2s, [this, at, down, l = m.now.get()] { // nobody wrote
    if (members[at].now.get() == l)
      crash(at, crash_kind::power, down);
  });
}

} // namespace troupe::sim
