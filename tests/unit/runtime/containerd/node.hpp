// What the tests of the real runtime share: where they live, and how to wait for a reply.
#pragma once

#include "runtime/base/driver.hpp"

#include <cstdlib>
#include <future>
#include <string>

namespace troupe::test_node {

inline std::string directory() { return std::getenv("TROUPE_TEST_DIRECTORY"); }

inline std::string cgroup() {
  return "/troupe-test-" + directory().substr(directory().rfind('/') + 1);
}

/// Calls `start(reply)` and waits for the reply.
template <class T, class Start> result<T> wait_for(Start start) {
  auto promise = std::make_shared<std::promise<result<T>>>();
  auto future = promise->get_future();
  start([promise](result<T> r) { promise->set_value(std::move(r)); });
  if (future.wait_for(60s) != std::future_status::ready)
    return failure{reason::timeout, "no reply within 60 s"};
  return future.get();
}

} // namespace troupe::test_node
