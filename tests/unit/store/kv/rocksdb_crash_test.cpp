// Kills a process that writes to the RocksDB engine, and looks at what is left. The process is this
// very program with the test case "child" below: a fork alone would have no RocksDB threads.
#include "config/base/random.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "tests/unit/store/kv/temporary.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe::store {
namespace {

using model = std::map<std::string, std::string>;

/// What log entry `index` does, in every process the same.
write_batch entry(std::uint64_t index) {
  random_source chance{index};
  write_batch out;
  for (int n = 0; n < 4; ++n) {
    auto key = "k" + std::to_string(chance.below(500));
    if (chance.chance(1, 4))
      out.erase(key);
    else
      out.put(key, std::string(300, 'x') + std::to_string(index));
  }
  out.applied(log_index{index});
  return out;
}

model fold(std::uint64_t applied) {
  model out;
  for (std::uint64_t i = 1; i <= applied; ++i) {
    auto batch = entry(i);
    for (std::size_t k = 0; k < batch.size(); ++k)
      if (batch[k].what == write_batch::kind::put)
        out[std::string{batch[k].key}] = batch[k].value;
      else
        out.erase(std::string{batch[k].key});
  }
  return out;
}

result<std::unique_ptr<engine>> open(const std::string& directory) {
  return open_rocksdb({.directory = directory, .write_buffer_bytes = 128U << 10U});
}

TEST_CASE("child" * doctest::skip()) {
  auto* directory = ::getenv("TROUPE_CRASH_DIRECTORY");
  auto* seed = ::getenv("TROUPE_CRASH_SEED");
  if (!directory || !seed)
    return;
  random_source chance{std::stoull(seed)};
  auto rows = open(directory);
  REQUIRE(rows);
  auto index = raw((*rows)->durable_applied());
  auto last = index + 200 + chance.below(2000);
  while (index++ < last) {
    REQUIRE((*rows)->write(entry(index)));
    if (chance.chance(1, 400)) {
      REQUIRE((*rows)->flush());
      std::printf("flushed %llu\n", static_cast<unsigned long long>(index));
      std::fflush(stdout);
    }
  }
  ::kill(::getpid(), SIGKILL);
}

/// Runs the child until it has killed itself; returns the last index that it said was flushed.
std::uint64_t run_child(const std::string& directory, std::uint64_t seed) {
  ::setenv("TROUPE_CRASH_DIRECTORY", directory.c_str(), 1);
  ::setenv("TROUPE_CRASH_SEED", std::to_string(seed).c_str(), 1);
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
  std::string program = "/proc/self/exe";
  std::string only = "--test-case=child";
  std::string skipped = "--no-skip";
  char* arguments[] = {program.data(), only.data(), skipped.data(), nullptr};
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  std::uint64_t flushed = 0;
  auto* said = ::fdopen(pipe_ends[0], "r");
  char line[512];
  while (std::fgets(line, sizeof line, said)) {
    unsigned long long index = 0;
    if (std::sscanf(line, "flushed %llu", &index) == 1)
      flushed = index;
  }
  std::fclose(said);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  return flushed;
}

TEST_CASE("rocksdb engine: after kill -9 the state is the log's fold up to the durable index") {
  temporary_directory where;
  std::uint64_t flushed = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    flushed = std::max(flushed, run_child(where.path(), seed));
    auto rows = open(where.path());
    REQUIRE(rows);
    auto applied = raw((*rows)->durable_applied());
    REQUIRE(applied >= flushed);
    flushed = applied;
    model found;
    auto reader = (*rows)->read();
    auto cursor = reader->walk({}, {});
    for (; cursor->valid(); cursor->next())
      found.emplace(cursor->key(), cursor->value());
    REQUIRE(cursor->status());
    REQUIRE(found == fold(applied));
  }
  CHECK(flushed > 0);
}

} // namespace
} // namespace troupe::store
