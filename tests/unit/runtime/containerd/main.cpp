// Runs the tests as the first process of namespaces of its own, so that whatever they start, shims
// and containers too, ends with them: also after a crash. Then removes their directory and cgroups.
#define DOCTEST_CONFIG_IMPLEMENT
#include "runtime/host/cgroup.hpp"
#include "runtime/host/mounts.hpp"
#include "runtime/host/process.hpp"
#include "tests/unit/runtime/containerd/node.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace troupe;

result<void> become_node() {
  CHECK_RETURN(runtime::mount_node({.data_dir = test_node::directory()}));
  CHECK_RETURN(runtime::run({"ip", "link", "set", "lo", "up"}, 10s));
  CHECK_RETURN(runtime::make_cgroup(test_node::cgroup()));
  auto conf = test_node::directory() + "/cni";
  std::filesystem::create_directories(conf);
  std::ofstream out(conf + "/10-test.conflist");
  out << R"({"cniVersion": "0.4.0", "name": "test", "plugins": [
    {"type": "bridge", "bridge": "cbr0", "isGateway": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "dataDir": ")"
      << test_node::directory() << R"(/ipam", "ranges": [[{"subnet": "10.244.7.0/24"}]]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}]})";
  return {};
}

int run_inside(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (auto ready = become_node(); !ready) {
    std::fprintf(stderr, "cannot become a node: %s\n", ready.error().message.c_str());
    return 1;
  }
  return doctest::Context(argc, argv).run();
}

} // namespace

int main(int argc, char** argv) {
  if (geteuid() != 0) {
    std::fprintf(stderr, "SKIPPED: the container runtime is tested only as root\n");
    return 77;
  }
  char directory[] = "/tmp/troupe-runtime-XXXXXX";
  if (mkdtemp(directory) == nullptr)
    return 1;
  setenv("TROUPE_TEST_DIRECTORY", directory, 1);
  if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET) != 0) {
    std::perror("unshare");
    return 1;
  }
  auto child = fork();
  if (child == 0) {
    // A first process is not killed by the signals it leaves at their default: the tests run in
    // its child, and it reaps what containerd's shims leave behind.
    auto tests = fork();
    if (tests == 0)
      std::exit(run_inside(argc, argv));
    int status = 0;
    for (pid_t ended = 0; ended != tests;)
      ended = wait(&status);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  if (auto removed = runtime::remove_cgroup(test_node::cgroup()); !removed)
    std::fprintf(stderr, "%s\n", removed.error().message.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
