#include "actors/bench/patience.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <pthread.h>

namespace troupe::bench {
namespace {

constexpr duration between_looks = 10ms;

sigset_t ends() {
  sigset_t out;
  sigemptyset(&out);
  sigaddset(&out, SIGINT);
  sigaddset(&out, SIGTERM);
  return out;
}

duration steady() { return std::chrono::steady_clock::now().time_since_epoch(); }

} // namespace

patience::patience() {
  auto those = ends();
  pthread_sigmask(SIG_BLOCK, &those, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

patience::~patience() {
  auto those = ends();
  pthread_sigmask(SIG_UNBLOCK, &those, nullptr);
}

result<void> patience::rest(duration time) {
  auto those = ends();
  auto until = steady() + time;
  do {
    auto left = std::max(duration{}, until - steady());
    timespec wait{.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000),
                  .tv_nsec = static_cast<long>(left.count() % 1'000'000'000)};
    if (sigtimedwait(&those, nullptr, &wait) > 0)
      interrupted_ = true;
  } while (!interrupted_ && steady() < until);
  if (interrupted_)
    return failure{.reason = reason::unavailable, .message = "measure: interrupted"};
  return {};
}

result<void> patience::until(const std::function<bool()>& fact, duration limit,
                             const std::string& what) {
  auto end = steady() + limit;
  while (!fact()) {
    if (steady() > end)
      return failure{
        .reason = reason::timeout,
        .message = what + ": not within "
                   + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count())
                   + " s"};
    CHECK_RETURN(rest(between_looks));
  }
  return {};
}

} // namespace troupe::bench
