#include "runtime/cri/client.hpp"

namespace troupe::cri {

std::shared_ptr<grpc::Channel> connect(const std::string& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); // no state shared with other drivers
  arguments.SetMaxReceiveMessageSize(64 << 20);
  auto target = socket.rfind("unix:", 0) == 0 ? socket : "unix://" + socket;
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

failure failure_of(const grpc::Status& status, std::string_view tried) {
  auto why = [&] {
    switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND: return reason::not_found;
    case grpc::StatusCode::ALREADY_EXISTS: return reason::already_exists;
    case grpc::StatusCode::INVALID_ARGUMENT: return reason::invalid;
    case grpc::StatusCode::DEADLINE_EXCEEDED: return reason::timeout;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED: return reason::unavailable;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return reason::too_many_requests;
    case grpc::StatusCode::UNIMPLEMENTED: return reason::method_not_allowed;
    default: return reason::internal;
    }
  }();
  return {why, std::string(tried) + ": " + status.error_message()};
}

void calls::stop() {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  for (auto* context : active_)
    context->TryCancel();
  empty_.wait(lock, [this] { return active_.empty(); });
}

bool calls::enter(grpc::ClientContext* context) {
  std::lock_guard lock(mutex_);
  if (stopped_)
    return false;
  active_.insert(context);
  return true;
}

void calls::leave(grpc::ClientContext* context) {
  std::lock_guard lock(mutex_);
  active_.erase(context);
  if (active_.empty())
    empty_.notify_all();
}

} // namespace troupe::cri
