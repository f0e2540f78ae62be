// The process `troupe balancer`.
#include "netd/balancer/balancer.hpp"

#include <cerrno>
#include <csignal>
#include <iostream>
#include <pthread.h>

namespace troupe::balancer {

result<void> run_balancer(const settings& with) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  if (auto error = pthread_sigmask(SIG_BLOCK, &ends, nullptr); error != 0) // threads inherit it
    return system_failure("blocking signals", error);
  OR_RETURN(auto running, balancer::start(with));
  std::cout << "listening " << with.listen_address << ":" << running->port() << std::endl;
  int which = 0;
  if (auto error = sigwait(&ends, &which); error != 0)
    return system_failure("waiting for a signal", error);
  running->stop();
  return {};
}

} // namespace troupe::balancer
