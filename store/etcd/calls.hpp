// The channels to an etcd cluster's members, the calls under way on them and the thread that waits
// for all their completions. Inside store/etcd only.
#pragma once

#include "etcd.grpc.pb.h"
#include "store/etcd/client.hpp"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_set>

namespace troupe::etcd {

namespace pb = etcdserverpb;

/// What a status means to us; `tried` completes "... etcd: why".
failure failure_of(const grpc::Status& status, std::string_view tried);

/// The services of one member, over one connection.
struct stubs {
  explicit stubs(const std::shared_ptr<grpc::Channel>& channel)
      : kv(channel), watch(channel), lease(channel), maintenance(channel) {}
  pb::KV::Stub kv;
  pb::Watch::Stub watch;
  pb::Lease::Stub lease;
  pb::Maintenance::Stub maintenance;
};

/// What a completion belongs to.
class completion {
public:
  completion() = default;
  completion(const completion&) = delete;
  completion& operator=(const completion&) = delete;
  virtual ~completion() = default;
  /// Takes the ownership of itself.
  virtual void done(bool ok) = 0;
};

class client_calls {
public:
  explicit client_calls(const client_settings& with);
  client_calls(const client_calls&) = delete;
  client_calls& operator=(const client_calls&) = delete;
  ~client_calls();

  stubs& at(std::size_t lane) { return *stubs_[lane % stubs_.size()]; }
  std::size_t lanes() const { return stubs_.size(); }
  grpc::CompletionQueue* queue() { return &queue_; }
  /// From then on the call is cancelled with the client; false: that has begun.
  bool enter(grpc::ClientContext* context);
  void leave(grpc::ClientContext* context);

private:
  void serve();

  std::vector<std::unique_ptr<stubs>> stubs_; // endpoints first, then connections
  grpc::CompletionQueue queue_;
  std::mutex mutex_;
  std::unordered_set<grpc::ClientContext*> active_;
  bool stopped_ = false;
  std::thread thread_;
};

void set_deadline(grpc::ClientContext& context, duration deadline);
/// A member that knows no leader refuses at once: nothing was done.
void require_leader(grpc::ClientContext& context);
failure shut_down(std::string_view tried);

/// A question with one answer.
template <class Wire> class call_of final : public completion {
public:
  using reader = std::unique_ptr<grpc::ClientAsyncResponseReader<Wire>>;

  call_of(client_calls& calls, const char* tried, then<Wire> to)
      : calls_(calls), tried_(tried), to_(std::move(to)) {}
  void start(reader by) {
    by_ = std::move(by);
    by_->StartCall();
    by_->Finish(&answer_, &status_, static_cast<completion*>(this));
  }
  void done(bool) override {
    std::unique_ptr<call_of> self{this};
    if (status_.ok())
      to_(std::move(answer_));
    else
      to_(failure_of(status_, tried_));
    calls_.leave(&context); // last: then the client may go
  }

  grpc::ClientContext context;

private:
  client_calls& calls_;
  const char* tried_;
  then<Wire> to_;
  reader by_;
  Wire answer_;
  grpc::Status status_;
};

/// `prepare(stubs, context, queue)` makes the reader of the call.
template <class Wire, class Prepare>
void start_call(client_calls& calls, const char* tried, std::size_t lane, duration deadline,
                Prepare prepare, then<Wire> to) {
  auto made = std::make_unique<call_of<Wire>>(calls, tried, to);
  set_deadline(made->context, deadline);
  require_leader(made->context);
  if (!calls.enter(&made->context))
    return to(shut_down(tried));
  auto* by = made.release();
  by->start(prepare(calls.at(lane), &by->context, calls.queue()));
}

std::unique_ptr<watch> start_watch(client_calls& calls, std::size_t lane,
                                   const watch_question& what);
void start_keep_alive(client_calls& calls, std::size_t lane, std::int64_t id, duration deadline,
                      then<lease> to);

} // namespace troupe::etcd
