// Runs a skipped test case of this very program as a process of its own, to be killed. (A fork
// alone would have no RocksDB threads.)
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe {

/// What the child was started with; empty in the parent.
inline std::string child_directory() {
  auto* out = ::getenv("TROUPE_CHILD_DIRECTORY");
  return out ? out : "";
}
inline std::uint64_t child_seed() {
  auto* out = ::getenv("TROUPE_CHILD_SEED");
  return out ? std::stoull(out) : 0;
}

/// The child reports a number and goes on; the parent gets the last one.
inline void child_says(std::uint64_t number) {
  std::printf("child says %llu\n", static_cast<unsigned long long>(number));
  std::fflush(stdout);
}

/// Power off: nothing is flushed or closed.
[[noreturn]] inline void child_dies() {
  ::kill(::getpid(), SIGKILL);
  ::abort();
}

/// Runs until the child has killed itself; returns the last number that it said, 0 if none.
inline std::uint64_t run_child(const std::string& test_case, const std::string& directory,
                               std::uint64_t seed) {
  ::setenv("TROUPE_CHILD_DIRECTORY", directory.c_str(), 1);
  ::setenv("TROUPE_CHILD_SEED", std::to_string(seed).c_str(), 1);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = "/proc/self/exe";
  auto only = "--test-case=" + test_case;
  std::string skipped = "--no-skip";
  char* arguments[] = {program.data(), only.data(), skipped.data(), nullptr};
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  ::unsetenv("TROUPE_CHILD_DIRECTORY");
  std::uint64_t last = 0;
  auto* said = ::fdopen(ends[0], "r");
  char line[512];
  while (std::fgets(line, sizeof line, said)) {
    unsigned long long number = 0;
    if (std::sscanf(line, "child says %llu", &number) == 1)
      last = number;
  }
  std::fclose(said);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  return last;
}

} // namespace troupe
