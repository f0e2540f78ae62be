// The log file on the real file system, and its edges on a disk in memory.
#include "history.hpp"
#include "store/wal/crc32c.hpp"
#include "tests/support/memory_disk.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

using namespace troupe;
using namespace troupe::wal;
using raft::entry;
using raft::entry_kind;

namespace {

entry command(std::uint64_t term, std::uint64_t index, std::string bytes = "x") {
  return {term_id{term}, log_index{index}, entry_kind::command, share(std::move(bytes))};
}

std::vector<entry> commands(std::uint64_t term, std::uint64_t from, std::uint64_t to) {
  std::vector<entry> out;
  for (auto i = from; i <= to; ++i)
    out.push_back(command(term, i, "entry " + std::to_string(i)));
  return out;
}

raft::snapshot_mark mark(std::uint64_t term, std::uint64_t index) {
  return {{term_id{term}, log_index{index}}, {{{member_id{1}, raft::member_role::voter, "here"}}}};
}

options in(const std::string& directory) {
  return {.directory = directory, .identity = {"cluster", member_id{1}}, .segment_bytes = 64 << 10};
}

/// A directory of the real file system, removed at the end.
struct scratch {
  std::string path;
  scratch() {
    std::string name = std::filesystem::temp_directory_path() / "troupe-wal-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }
};

} // namespace

TEST_CASE("crc32c: agrees with the published vectors and with the table") {
  CHECK(crc32c("123456789") == 0xe3069283U); // RFC 3720 B.4 and common usage
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  random_source random{1};
  for (std::size_t n = 0; n < 200; ++n) {
    std::string bytes;
    for (std::size_t i = 0; i < n; ++i)
      bytes += static_cast<char>(random());
    CHECK(crc32c(bytes) == crc32c_by_table(bytes));
    CHECK(crc32c(bytes.substr(n / 2), crc32c(bytes.substr(0, n / 2))) == crc32c(bytes));
  }
}

TEST_CASE("log file: what was synced is there after a restart") {
  scratch dir;
  recovered was;
  {
    auto log = log_file::open(posix_files(), in(dir.path + "/raft"), was);
    REQUIRE(log);
    CHECK(was.fresh);
    REQUIRE((*log)->append({.ballot = {}, .reset = mark(0, 0), .entries = {}}));
    REQUIRE((*log)->append({.ballot = raft::ballot{term_id{3}, member_id{2}},
                            .reset = {},
                            .entries = commands(3, 1, 2000)})); // over several segments
    REQUIRE((*log)->append({.ballot = {}, .reset = {}, .entries = commands(4, 1500, 1600)}));
    REQUIRE((*log)->sync());
    CHECK((*log)->count().segments > 1);
  }
  auto log = log_file::open(posix_files(), in(dir.path + "/raft"), was);
  REQUIRE(log);
  CHECK(!was.fresh);
  CHECK(was.ballot == raft::ballot{term_id{3}, member_id{2}});
  CHECK(was.log.start() == mark(0, 0));
  CHECK(was.log.last() == raft::log_position{term_id{4}, log_index{1600}});
  CHECK(was.log.term_at(log_index{1499}) == term_id{3});
  auto loaded = (*log)->load(log_index{1490}, log_index{1600}, 1 << 20);
  REQUIRE(loaded);
  CHECK(loaded->size() == 111);
  CHECK(loaded->front() == command(3, 1490, "entry 1490"));
  CHECK(loaded->back() == command(4, 1600, "entry 1600"));
}

TEST_CASE("log file: only the newest entries are kept in memory, the rest is loaded") {
  scratch dir;
  auto o = in(dir.path);
  o.memory_bytes = 1000;
  recovered was;
  {
    auto log = log_file::open(posix_files(), o, was);
    REQUIRE(log);
    REQUIRE((*log)->append({.ballot = {}, .reset = {}, .entries = commands(1, 1, 500)}));
    REQUIRE((*log)->close());
  }
  auto log = log_file::open(posix_files(), o, was);
  REQUIRE(log);
  CHECK(was.cut_bytes == 0);
  CHECK(was.log.memory_bytes() <= 1000);
  CHECK(!was.log.in_memory(log_index{400}));
  CHECK(was.log.in_memory(log_index{500}));
  CHECK((*log)->load(log_index{1}, log_index{500}, 600)->size() == 10); // by weight
  CHECK((*log)->load(log_index{7}, log_index{7}, 0)->size() == 1);      // at least one
  CHECK((*log)->load(log_index{501}, log_index{600}, 600)->empty());
}

TEST_CASE("log file: cutting the head gives whole segments back") {
  scratch dir;
  recovered was;
  auto log = log_file::open(posix_files(), in(dir.path), was);
  REQUIRE(log);
  std::uint64_t most = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    REQUIRE((*log)->append(
      {.ballot = {}, .reset = {}, .entries = commands(1, i * 500 + 1, i * 500 + 500)}));
    REQUIRE((*log)->cut_head(mark(1, i * 500 + 400)));
    most = std::max(most, (*log)->count().segments);
  }
  CHECK(most <= 3);
  CHECK((*log)->load(log_index{24900}, log_index{25000}, 1 << 20)->empty());
  CHECK((*log)->load(log_index{24901}, log_index{25000}, 1 << 20)->size() == 100);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& f : std::filesystem::directory_iterator(dir.path))
    ++files;
  CHECK(files <= 5); // segments, one spare, the lock
}

TEST_CASE("log file: another member's log, and one in use, are refused") {
  scratch dir;
  recovered was;
  {
    auto log = log_file::open(posix_files(), in(dir.path), was);
    REQUIRE(log);
    auto second = log_file::open(posix_files(), in(dir.path), was);
    REQUIRE(!second);
    CHECK(second.error().reason == reason::conflict);
  }
  auto other = in(dir.path);
  other.identity.member = member_id{2};
  auto log = log_file::open(posix_files(), other, was);
  REQUIRE(!log);
  CHECK(log.error().reason == reason::forbidden);
  CHECK(log.error().message.find("belongs to member 1 of cluster cluster") != std::string::npos);
}

TEST_CASE("log file: a full disk changes nothing, and the same batch succeeds once there is room") {
  auto disk = std::make_shared<memory_disk>();
  auto o = in("log");
  o.segment_bytes = 16 << 10;
  recovered was;
  std::uint64_t next = 1;
  {
    auto log = log_file::open(disk, o, was);
    REQUIRE(log);
    disk->set_full(true);
    while (true) {
      auto done =
        (*log)->append({.ballot = {}, .reset = {}, .entries = commands(1, next, next + 9)});
      if (!done) {
        CHECK(done.error().reason == reason::unavailable);
        break;
      }
      next += 10;
    }
    CHECK(next > 10);
    REQUIRE((*log)->sync());
    disk->set_full(false);
    REQUIRE((*log)->append({.ballot = {}, .reset = {}, .entries = commands(1, next, next + 9)}));
    REQUIRE((*log)->sync());
  }
  auto log = log_file::open(disk, o, was);
  REQUIRE(log);
  CHECK(was.log.last().index == log_index{next + 9});
}

TEST_CASE("log file: a record larger than a segment is refused, and nothing has changed") {
  auto disk = std::make_shared<memory_disk>();
  auto o = in("log");
  o.segment_bytes = 16 << 10;
  recovered was;
  auto log = log_file::open(disk, o, was);
  REQUIRE(log);
  auto done =
    (*log)->append({.ballot = {},
                    .reset = {},
                    .entries = {command(1, 1), command(1, 2, std::string(16 << 10, 'x'))}});
  REQUIRE(!done);
  CHECK(done.error().reason == reason::too_large);
  CHECK((*log)->append({.ballot = {}, .reset = {}, .entries = {command(1, 1)}}));
  CHECK((*log)->load(log_index{1}, log_index{9}, 100)->size() == 1);
}

TEST_CASE("log file: after a failed write it refuses to go on") {
  auto disk = std::make_shared<memory_disk>();
  recovered was;
  auto log = log_file::open(disk, in("log"), was);
  REQUIRE(log);
  REQUIRE((*log)->append({.ballot = {}, .reset = {}, .entries = {command(1, 1)}}));
  disk->fail_after(1);
  CHECK(!(*log)->sync());
  random_source random{1};
  disk->power_cut(random); // works again, but who knows what is on it
  CHECK(!(*log)->sync());
  CHECK(!(*log)->append({.ballot = {}, .reset = {}, .entries = {command(1, 2)}}));
}

TEST_CASE(
  "log file: what a failed sync left behind, readable but not durable, is made durable before "
  "it is told") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto disk = std::make_shared<memory_disk>();
    recovered was;
    {
      auto log = log_file::open(disk, in("log"), was);
      REQUIRE(log);
      REQUIRE((*log)->append({.ballot = {}, .reset = {}, .entries = commands(1, 1, 3)}));
      REQUIRE((*log)->sync());
      REQUIRE((*log)->append({.ballot = {}, .reset = {}, .entries = commands(1, 4, 6)}));
      disk->fail_next_sync();
      CHECK(!(*log)->sync());
    }
    disk->release_locks(); // the process has ended, the machine goes on
    REQUIRE(log_file::open(disk, in("log"), was));
    CHECK(was.log.last().index == log_index{6}); // and may be acknowledged from now on
    random_source random{seed};
    disk->power_cut(random);
    REQUIRE(log_file::open(disk, in("log"), was));
    CHECK(was.log.last().index == log_index{6});
  }
}

TEST_CASE("log file: old entries are loaded while new ones are written and cut") {
  scratch dir;
  recovered was;
  auto opened = log_file::open(posix_files(), in(dir.path), was);
  REQUIRE(opened);
  auto& log = **opened;
  REQUIRE(log.append({.ballot = {}, .reset = {}, .entries = commands(1, 1, 100)}));
  std::atomic<std::uint64_t> last{100};
  std::atomic<bool> done{false};
  std::uint64_t wrong = 0;
  std::uint64_t read = 0;
  std::thread reader{[&] {
    random_source random{5};
    while (!done) {
      auto from = log_index{random.between(last > 300 ? last - 300 : 1, last)};
      auto loaded = log.load(from, from + 50, 1 << 20);
      if (!loaded) {
        ++wrong;
        continue;
      }
      for (const auto& e : *loaded) {
        wrong += e != command(1, raw(from), "entry " + to_string(from)) ? 1 : 0;
        ++from;
        ++read;
      }
    }
  }};
  for (std::uint64_t i = 101; i < 40000; i += 100) {
    REQUIRE(log.append({.ballot = {}, .reset = {}, .entries = commands(1, i, i + 99)}));
    last = i + 99;
    if (i % 1000 == 1)
      REQUIRE(log.cut_head(mark(1, i)));
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
  CHECK(read > 0);
}
