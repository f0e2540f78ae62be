#include "runtime/cri/events.hpp"

#include "runtime/cri/client.hpp"

#include <algorithm>

namespace troupe::cri {

namespace wire = ::runtime::v1;
namespace tasks = ::containerd::services::events::v1;

namespace {

constexpr auto shortest = 20ms;

std::int64_t steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

constexpr std::int64_t nanoseconds_of(duration d) { return d.count(); }

/// What CRI says of a container, or of a sandbox by that id.
bool has_ended(wire::RuntimeService::Stub& cri, const std::string& id) {
  grpc::ClientContext context;
  context.set_deadline(deadline_in(1s));
  wire::ContainerStatusRequest request;
  request.set_container_id(id);
  wire::ContainerStatusResponse response;
  auto status = cri.ContainerStatus(&context, request, &response);
  if (status.error_code() != grpc::StatusCode::NOT_FOUND)
    return !status.ok() || response.status().state() != wire::CONTAINER_RUNNING;
  grpc::ClientContext again;
  again.set_deadline(deadline_in(1s));
  wire::PodSandboxStatusRequest sandbox;
  sandbox.set_pod_sandbox_id(id);
  wire::PodSandboxStatusResponse found;
  status = cri.PodSandboxStatus(&again, sandbox, &found);
  return !status.ok() || found.status().state() != wire::SANDBOX_READY;
}

} // namespace

event_source::event_source(std::shared_ptr<grpc::Channel> channel)
    : cri_(wire::RuntimeService::NewStub(channel)), events_(tasks::Events::NewStub(channel)) {}

event_source::~event_source() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (stream_ != nullptr)
      stream_->TryCancel();
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void event_source::set_listener(listener to) {
  std::lock_guard lock(mutex_);
  to_ = std::make_shared<const listener>(std::move(to));
  if (!thread_.joinable())
    thread_ = std::thread([this] { run(); });
}

void event_source::report(runtime::change::kind what, std::string id) {
  std::shared_ptr<const listener> to;
  {
    std::lock_guard lock(mutex_);
    to = to_;
  }
  (*to)({what, std::move(id)});
}

bool event_source::live() const {
  auto since = up_since_.load();
  return since != 0 && steady_now() - since > nanoseconds_of(2s);
}

void event_source::run() {
  auto wait = duration(shortest);
  while (true) {
    up_since_ = steady_now();
    report(runtime::change::kind::lost, {}); // what happened before is found by looking once
    auto code = read_cri();
    if (code == grpc::StatusCode::UNIMPLEMENTED)
      code = read_containerd();
    auto lasted = steady_now() - up_since_.exchange(0);
    if (code == grpc::StatusCode::UNIMPLEMENTED)
      wait = 30s; // relisting is all there is, unless another runtime comes to this socket
    else if (lasted > nanoseconds_of(1s))
      wait = shortest;
    if (!pause(wait))
      return;
    wait = std::max<duration>(wait, std::min<duration>(wait * 2, 1s));
  }
}

std::unique_ptr<grpc::ClientContext> event_source::new_context() {
  auto context = std::make_unique<grpc::ClientContext>();
  std::lock_guard lock(mutex_);
  stream_ = context.get();
  if (stopping_)
    context->TryCancel();
  return context;
}

grpc::StatusCode event_source::read_cri() {
  auto context = new_context();
  auto stream = cri_->GetContainerEvents(context.get(), wire::Nothing{});
  wire::ContainerEventResponse event;
  while (stream->Read(&event)) {
    if (event.container_event_type() == wire::CONTAINER_STARTED_EVENT)
      report(runtime::change::kind::started, event.container_id());
    else if (event.container_event_type() == wire::CONTAINER_STOPPED_EVENT)
      report(runtime::change::kind::exited, event.container_id());
  }
  auto status = stream->Finish();
  std::lock_guard lock(mutex_);
  stream_ = nullptr;
  return status.error_code();
}

grpc::StatusCode event_source::read_containerd() {
  auto context = new_context();
  tasks::SubscribeRequest request;
  request.add_filters(R"(namespace==k8s.io,topic=="/tasks/exit")");
  request.add_filters(R"(namespace==k8s.io,topic=="/tasks/oom")");
  auto stream = events_->Subscribe(context.get(), request);
  tasks::Envelope envelope;
  tasks::TaskEvent event;
  while (stream->Read(&envelope)) {
    if (!event.ParseFromString(envelope.event().value()))
      continue;
    if (envelope.topic() == "/tasks/oom") {
      report(runtime::change::kind::out_of_memory, event.container_id());
    } else if (event.id() == event.container_id()) { // not one of its exec'ed processes
      await_end(event.container_id());
      report(runtime::change::kind::exited, event.container_id());
    }
  }
  auto status = stream->Finish();
  std::lock_guard lock(mutex_);
  stream_ = nullptr;
  return status.error_code();
}

void event_source::await_end(const std::string& id) {
  auto wait = duration(1ms);
  for (auto waited = duration(0); waited < 2s; waited += wait) {
    if (has_ended(*cri_, id) || !pause(wait))
      return;
    wait = std::min<duration>(wait * 2, 50ms);
  }
}

bool event_source::pause(duration time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

} // namespace troupe::cri
