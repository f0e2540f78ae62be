#include "store/etcd/calls.hpp"

#include <grpc/support/log.h>

namespace troupe::etcd {
namespace {

bool says(const grpc::Status& status, std::string_view words) {
  return status.error_message().find(words) != std::string::npos;
}

reason reason_of_status(const grpc::Status& status) {
  switch (status.error_code()) {
  case grpc::StatusCode::UNAVAILABLE:
    // Sent or not, nobody says: certain are only a refused connection and a member that looks for
    // a leader before anything else.
    return says(status, "failed to connect") || says(status, "no leader") ? reason::unavailable
                                                                          : reason::timeout;
  case grpc::StatusCode::OUT_OF_RANGE:
    return says(status, "future") ? reason::timeout : reason::expired;
  case grpc::StatusCode::DEADLINE_EXCEEDED:
  case grpc::StatusCode::CANCELLED: return reason::timeout;
  case grpc::StatusCode::RESOURCE_EXHAUSTED: return reason::too_many_requests;
  case grpc::StatusCode::INVALID_ARGUMENT:
    return says(status, "too large") ? reason::too_large : reason::bad_request;
  case grpc::StatusCode::NOT_FOUND: return reason::not_found;
  case grpc::StatusCode::PERMISSION_DENIED: return reason::forbidden;
  case grpc::StatusCode::UNAUTHENTICATED: return reason::unauthorized;
  default: return reason::internal;
  }
}

std::shared_ptr<grpc::ChannelCredentials> credentials_of(const client_settings& with) {
  if (with.ca_pem.empty())
    return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = with.ca_pem,
                               .pem_private_key = with.key_pem,
                               .pem_cert_chain = with.certificate_pem});
}

grpc::ChannelArguments arguments_of(const client_settings& with) {
  grpc::ChannelArguments out;
  out.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  out.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  out.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  out.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); // a connection of its own
  // A member that is frozen or cut off ends its streams. etcd takes a ping every 5 s at most.
  out.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  out.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 3000);
  out.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  out.SetMaxReceiveMessageSize(static_cast<int>(with.max_answer));
  return out;
}

} // namespace

failure failure_of(const grpc::Status& status, std::string_view tried) {
  return {.reason = reason_of_status(status),
          .message = std::string{tried} + " etcd: " + status.error_message()};
}

failure shut_down(std::string_view tried) {
  return {.reason = reason::unavailable,
          .message = std::string{tried} + " etcd: the client is shut down"};
}

void set_deadline(grpc::ClientContext& context, duration deadline) {
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_nanos(deadline.count(), GPR_TIMESPAN)));
}

void require_leader(grpc::ClientContext& context) { context.AddMetadata("hasleader", "true"); }

client_calls::client_calls(const client_settings& with) {
  gpr_set_log_function([](gpr_log_func_args*) {}); // what goes wrong is in the answers
  auto credentials = credentials_of(with);
  auto arguments = arguments_of(with);
  for (std::uint32_t c = 0; c < with.connections; ++c)
    for (const auto& endpoint : with.endpoints)
      stubs_.push_back(
        std::make_unique<stubs>(grpc::CreateCustomChannel(endpoint, credentials, arguments)));
  thread_ = std::thread{[this] { serve(); }};
}

client_calls::~client_calls() {
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
    for (auto* c : active_)
      c->TryCancel();
    if (active_.empty())
      queue_.Shutdown();
  }
  thread_.join();
}

bool client_calls::enter(grpc::ClientContext* context) {
  std::lock_guard lock{mutex_};
  if (!stopped_)
    active_.insert(context);
  return !stopped_;
}

void client_calls::leave(grpc::ClientContext* context) {
  std::lock_guard lock{mutex_};
  active_.erase(context);
  if (stopped_ && active_.empty())
    queue_.Shutdown();
}

void client_calls::serve() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok))
    static_cast<completion*>(tag)->done(ok); // may start the next one
}

} // namespace troupe::etcd
