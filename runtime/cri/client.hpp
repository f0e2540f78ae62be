// Asynchronous gRPC calls whose lifetimes are known: counted, cancelled and awaited on destruction.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace troupe::cri {

/// A channel to a socket; reconnects within a second of the server's return.
std::shared_ptr<grpc::Channel> connect(const std::string& socket);

/// That far from now, on the clock that nobody sets.
inline gpr_timespec deadline_in(duration limit) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(limit.count(), GPR_TIMESPAN));
}

failure failure_of(const grpc::Status& status, std::string_view tried);

/// The calls in flight of one driver.
class calls {
public:
  calls() = default;
  calls(const calls&) = delete;
  calls& operator=(const calls&) = delete;
  ~calls() { stop(); }

  /// Cancels what is in flight, waits for its replies, refuses what comes later.
  void stop();

  /// `method(context, request, response, done)` starts the call; `then` gets its outcome on a gRPC
  /// thread, exactly once. `tried` names the call in failures and must be a literal.
  template <class Response, class Request, class Method, class Then>
  void start(const char* tried, Request request, duration limit, Method method, Then then) {
    struct flight {
      grpc::ClientContext context;
      Request request;
      Response response;
    };
    auto held = std::make_shared<flight>();
    held->request = std::move(request);
    held->context.set_deadline(deadline_in(limit));
    if (!enter(&held->context)) {
      then(result<Response>(failure{reason::unavailable, "the runtime client is shut down"}));
      return;
    }
    auto* raw = held.get();
    method(
      &raw->context, &raw->request, &raw->response,
      [this, tried, held = std::move(held), then = std::move(then)](const grpc::Status& status) {
        if (status.ok())
          then(result<Response>(std::move(held->response)));
        else
          then(result<Response>(failure_of(status, tried)));
        leave(&held->context);
      });
  }

private:
  bool enter(grpc::ClientContext* context);
  void leave(grpc::ClientContext* context);

  std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<grpc::ClientContext*> active_;
  bool stopped_ = false;
};

} // namespace troupe::cri
