#include "store/etcd/client.hpp"

#include "etcd.grpc.pb.h"
#include "store/etcd/convert.hpp"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <thread>
#include <unordered_set>

namespace troupe::etcd {
namespace {

namespace pb = etcdserverpb;

failure failure_of(const grpc::Status& status, std::string_view tried) {
  auto why = [&] {
    switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED: return reason::timeout;
    case grpc::StatusCode::UNAVAILABLE:
      // Sent or not, nobody says: only a refused connection is certain.
      return status.error_message().find("failed to connect") != std::string::npos
               ? reason::unavailable
               : reason::timeout;
    case grpc::StatusCode::CANCELLED: return reason::timeout;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return reason::too_many_requests;
    case grpc::StatusCode::OUT_OF_RANGE: return reason::expired;
    case grpc::StatusCode::INVALID_ARGUMENT: return reason::bad_request;
    case grpc::StatusCode::PERMISSION_DENIED: return reason::forbidden;
    case grpc::StatusCode::UNAUTHENTICATED: return reason::unauthorized;
    default: return reason::internal;
    }
  }();
  return {why, std::string(tried) + " etcd: " + status.error_message()};
}

std::shared_ptr<grpc::ChannelCredentials> credentials_of(const client_settings& with) {
  if (with.ca_pem.empty())
    return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = with.ca_pem,
                               .pem_private_key = with.key_pem,
                               .pem_cert_chain = with.certificate_pem});
}

/// A call under way; its address is its tag.
class call {
public:
  call() = default;
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  virtual ~call() = default;
  virtual void finished() = 0;
  grpc::ClientContext context;
};

template <class Wire> class call_of final : public call {
public:
  call_of(const char* tried, std::function<void(result<Wire>)> to)
      : tried_(tried), to_(std::move(to)) {}
  void start(std::unique_ptr<grpc::ClientAsyncResponseReader<Wire>> by) {
    by_ = std::move(by);
    by_->StartCall();
    by_->Finish(&answer_, &status_, static_cast<call*>(this));
  }
  void refuse() {
    to_(failure{.reason = reason::unavailable,
                .message = std::string{tried_} + " etcd: the client is shut down"});
  }
  void finished() override {
    if (status_.ok())
      to_(std::move(answer_));
    else
      to_(failure_of(status_, tried_));
  }

private:
  const char* tried_;
  std::function<void(result<Wire>)> to_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Wire>> by_;
  Wire answer_;
  grpc::Status status_;
};

} // namespace

/// The channels and the thread that waits for all their answers.
class client_calls {
public:
  explicit client_calls(const client_settings& with) {
    auto credentials = credentials_of(with);
    for (std::uint32_t c = 0; c < with.connections; ++c)
      for (const auto& endpoint : with.endpoints) {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); // a connection of its own
        arguments.SetMaxReceiveMessageSize(static_cast<int>(with.max_answer));
        stubs_.push_back(
          pb::KV::NewStub(grpc::CreateCustomChannel(endpoint, credentials, arguments)));
      }
    thread_ = std::thread{[this] { serve(); }};
  }
  client_calls(const client_calls&) = delete;
  client_calls& operator=(const client_calls&) = delete;
  ~client_calls() {
    {
      std::lock_guard lock{mutex_};
      stopped_ = true;
      for (auto* c : active_)
        c->context.TryCancel();
      if (active_.empty())
        queue_.Shutdown();
    }
    thread_.join();
  }

  /// `prepare(stub, context, queue)` makes the reader of the call.
  template <class Wire, class Prepare>
  void start(const char* tried, std::size_t lane, duration deadline, Prepare prepare,
             std::function<void(result<Wire>)> to) {
    auto made = std::make_unique<call_of<Wire>>(tried, std::move(to));
    made->context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                            gpr_time_from_nanos(deadline.count(), GPR_TIMESPAN)));
    std::unique_lock lock{mutex_};
    if (stopped_) {
      lock.unlock();
      return made->refuse();
    }
    active_.insert(made.get());
    lock.unlock();
    auto* by = made.release();
    by->start(prepare(*stubs_[lane % stubs_.size()], &by->context, &queue_));
  }

private:
  void serve() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      std::unique_ptr<call> done{static_cast<call*>(tag)};
      done->finished(); // may start the next one
      std::lock_guard lock{mutex_};
      active_.erase(done.get());
      if (stopped_ && active_.empty())
        queue_.Shutdown();
    }
  }

  std::vector<std::unique_ptr<pb::KV::Stub>> stubs_; // endpoints first, then connections
  grpc::CompletionQueue queue_;
  std::mutex mutex_;
  std::unordered_set<call*> active_;
  bool stopped_ = false;
  std::thread thread_;
};

client::client(std::unique_ptr<client_calls> calls) : calls_(std::move(calls)) {}
client::~client() = default;

result<std::unique_ptr<client>> client::open(client_settings with) {
  if (with.endpoints.empty() || with.connections == 0)
    return failure{.reason = reason::bad_request,
                   .message = "open a client of etcd: no endpoint is named"};
  return std::unique_ptr<client>{new client{std::make_unique<client_calls>(with)}};
}

void client::put(std::size_t lane, pair what, duration deadline, then<written> to) {
  pb::PutRequest wire;
  wire.set_key(std::move(what.key));
  wire.set_value(std::move(what.value));
  calls_->start<pb::PutResponse>(
    "put into", lane, deadline,
    [&wire](pb::KV::Stub& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.PrepareAsyncPut(context, wire, queue);
    },
    [to = std::move(to)](result<pb::PutResponse> r) {
      if (!r)
        return to(std::move(r).error());
      to(written{revision{static_cast<std::uint64_t>(r->header().revision())}});
    });
}

void client::range(std::size_t lane, const question& what, duration deadline, then<answer> to) {
  auto wire = to_wire(what);
  calls_->start<pb::RangeResponse>(
    "read from", lane, deadline,
    [&wire](pb::KV::Stub& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.PrepareAsyncRange(context, wire, queue);
    },
    [to = std::move(to)](result<pb::RangeResponse> r) {
      if (!r)
        return to(std::move(r).error());
      to(from_wire(std::move(*r)));
    });
}

void client::commit(std::size_t lane, const store::transaction& what, duration deadline,
                    then<committed> to) {
  auto wire = to_wire(what);
  if (!wire)
    return to(std::move(wire).error());
  calls_->start<pb::TxnResponse>(
    "commit to", lane, deadline,
    [&wire](pb::KV::Stub& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.PrepareAsyncTxn(context, *wire, queue);
    },
    [to = std::move(to)](result<pb::TxnResponse> r) {
      if (!r)
        return to(std::move(r).error());
      to(committed{.done = r->succeeded(),
                   .at = revision{static_cast<std::uint64_t>(r->header().revision())}});
    });
}

} // namespace troupe::etcd
