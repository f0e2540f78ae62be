// Hears of containers' ends without polling: CRI's own events where the runtime has them, else
// containerd's task events on the same socket.
#pragma once

#include "containerd_events.grpc.pb.h"
#include "cri.grpc.pb.h"
#include "runtime/base/types.hpp"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe::cri {

class event_source {
public:
  using listener = std::function<void(runtime::change)>;

  explicit event_source(std::shared_ptr<grpc::Channel> channel);
  event_source(const event_source&) = delete;
  event_source& operator=(const event_source&) = delete;
  ~event_source();

  /// Replaces the one before. The first starts the one thread that reads and reconnects.
  void set_listener(listener to);

  /// False where the runtime reports nothing, while the stream is down, and in its first two
  /// seconds: nothing tells when the subscription took effect.
  bool live() const;

private:
  void run();
  void report(runtime::change::kind what, std::string id);
  grpc::StatusCode read_cri();
  grpc::StatusCode read_containerd();
  /// Waits (2 s at most) until CRI's own books show the end that the task event announced.
  void await_end(const std::string& id);
  bool pause(duration time); // false: stopping
  std::unique_ptr<grpc::ClientContext> new_context();

  std::unique_ptr<::runtime::v1::RuntimeService::Stub> cri_;
  std::unique_ptr<::containerd::services::events::v1::Events::Stub> events_;
  std::shared_ptr<const listener> to_;    // guarded by mutex_
  std::atomic<std::int64_t> up_since_{0}; // steady clock, ns; 0: down
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  grpc::ClientContext* stream_ = nullptr; // what the destructor cancels
  std::thread thread_;
};

} // namespace troupe::cri
