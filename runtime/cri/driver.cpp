#include "runtime/cri/driver.hpp"

#include "runtime/cri/client.hpp"
#include "runtime/cri/convert.hpp"
#include "runtime/cri/events.hpp"
#include "runtime/cri/inspection.hpp"

#include <optional>

namespace troupe::cri {

namespace {

/// Starts CALL of STUB on a request; expands to the method argument of calls::start.
#define TROUPE_CRI(STUB, CALL)                                                                     \
  [this](grpc::ClientContext* c, const auto* q, auto* a, std::function<void(grpc::Status)> done) { \
    STUB->async()->CALL(c, q, a, std::move(done));                                                 \
  }

/// Passes a failure on, or the value that `take` makes of the response.
template <class Response, class T, class Take> auto answer(runtime::reply<T> to, Take take) {
  return [to = std::move(to), take](result<Response> r) {
    if (!r)
      to(std::move(r).error());
    else
      to(take(*r));
  };
}

/// Of calls that end something: what is gone counts as ended.
auto done(runtime::reply<void> to) {
  return [to = std::move(to)](result<wire::Nothing> r) {
    if (r || r.error().reason == reason::not_found)
      to({});
    else
      to(std::move(r).error());
  };
}

auto done_strictly(runtime::reply<void> to) {
  return [to = std::move(to)](result<wire::Nothing> r) {
    to(r ? result<void>() : result<void>(std::move(r).error()));
  };
}

class cri_driver final : public runtime::driver {
public:
  explicit cri_driver(options with)
      : limits_(with.deadlines)
      , channel_(connect(with.socket))
      , runtime_(wire::RuntimeService::NewStub(channel_))
      , images_(wire::ImageService::NewStub(channel_)) {}

  ~cri_driver() override {
    events_.reset();
    calls_.stop();
  }

  void version(runtime::reply<runtime::about> to) override {
    calls_.start<wire::VersionResponse>(
      "ask the runtime's version", wire::VersionRequest{}, limits_.request,
      TROUPE_CRI(runtime_, Version),
      answer<wire::VersionResponse>(std::move(to), [](const wire::VersionResponse& r) {
        return runtime::about{r.runtime_name(), r.runtime_version()};
      }));
  }

  void status(runtime::reply<runtime::health> to) override {
    calls_.start<wire::StatusResponse>(
      "ask the runtime's status", wire::StatusRequest{}, limits_.request,
      TROUPE_CRI(runtime_, Status),
      answer<wire::StatusResponse>(
        std::move(to), [](const wire::StatusResponse& r) { return from_wire(r.status()); }));
  }

  void run_sandbox(runtime::sandbox_config config, runtime::reply<std::string> to) override {
    wire::RunPodSandboxRequest request;
    *request.mutable_config() = to_wire(config);
    request.set_runtime_handler(config.handler);
    calls_.start<wire::RunPodSandboxResponse>(
      "run pod sandbox", std::move(request), limits_.sandbox, TROUPE_CRI(runtime_, RunPodSandbox),
      answer<wire::RunPodSandboxResponse>(
        std::move(to), [](const auto& r) { return result<std::string>(r.pod_sandbox_id()); }));
  }

  void stop_sandbox(std::string id, runtime::reply<void> to) override {
    wire::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(std::move(id));
    calls_.start<wire::Nothing>("stop pod sandbox", std::move(request), limits_.sandbox,
                                TROUPE_CRI(runtime_, StopPodSandbox), done(std::move(to)));
  }

  void remove_sandbox(std::string id, runtime::reply<void> to) override {
    wire::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(std::move(id));
    calls_.start<wire::Nothing>("remove pod sandbox", std::move(request), limits_.request,
                                TROUPE_CRI(runtime_, RemovePodSandbox), done(std::move(to)));
  }

  void create_container(std::string sandbox_id, runtime::container_config config,
                        runtime::sandbox_config sandbox, runtime::reply<std::string> to) override {
    wire::CreateContainerRequest request;
    request.set_pod_sandbox_id(std::move(sandbox_id));
    *request.mutable_config() = to_wire(config);
    *request.mutable_sandbox_config() = to_wire(sandbox);
    calls_.start<wire::CreateContainerResponse>(
      "create container", std::move(request), limits_.request,
      TROUPE_CRI(runtime_, CreateContainer),
      answer<wire::CreateContainerResponse>(
        std::move(to), [](const auto& r) { return result<std::string>(r.container_id()); }));
  }

  void start_container(std::string id, runtime::reply<void> to) override {
    wire::StartContainerRequest request;
    request.set_container_id(std::move(id));
    calls_.start<wire::Nothing>("start container", std::move(request), limits_.request,
                                TROUPE_CRI(runtime_, StartContainer), done_strictly(std::move(to)));
  }

  void stop_container(std::string id, duration grace, runtime::reply<void> to) override {
    wire::StopContainerRequest request;
    request.set_container_id(std::move(id));
    auto seconds = std::chrono::ceil<std::chrono::seconds>(grace);
    request.set_timeout(seconds.count());
    calls_.start<wire::Nothing>("stop container", std::move(request), limits_.request + seconds,
                                TROUPE_CRI(runtime_, StopContainer), done(std::move(to)));
  }

  void remove_container(std::string id, runtime::reply<void> to) override {
    wire::RemoveContainerRequest request;
    request.set_container_id(std::move(id));
    calls_.start<wire::Nothing>("remove container", std::move(request), limits_.request,
                                TROUPE_CRI(runtime_, RemoveContainer), done(std::move(to)));
  }

  void update_container(std::string id, runtime::resources limits,
                        runtime::reply<void> to) override {
    wire::UpdateContainerResourcesRequest request;
    request.set_container_id(std::move(id));
    *request.mutable_linux() = to_wire(limits);
    calls_.start<wire::Nothing>("update container resources", std::move(request), limits_.request,
                                TROUPE_CRI(runtime_, UpdateContainerResources),
                                done_strictly(std::move(to)));
  }

  void list(runtime::reply<runtime::inventory> to) override {
    take_inventory(calls_, *runtime_, limits_.request, std::move(to));
  }

  void inspect(std::string pod_uid, runtime::reply<runtime::pod_state> to) override {
    inspect_pod(calls_, *runtime_, limits_.request, pod_uid, std::move(to));
  }

  void image_status(std::string name, runtime::reply<runtime::image> to) override {
    wire::ImageStatusRequest request;
    request.mutable_image()->set_image(name);
    calls_.start<wire::ImageStatusResponse>(
      "look for image", std::move(request), limits_.request, TROUPE_CRI(images_, ImageStatus),
      answer<wire::ImageStatusResponse>(
        std::move(to), [name](const wire::ImageStatusResponse& r) -> result<runtime::image> {
          if (!r.has_image() || r.image().id().empty())
            return failure{reason::not_found, "image " + name + " is not on this node"};
          return from_wire(r.image());
        }));
  }

  void pull(std::string name, std::optional<runtime::credentials> auth,
            runtime::reply<std::string> to) override {
    wire::PullImageRequest request;
    request.mutable_image()->set_image(std::move(name));
    if (auth) {
      request.mutable_auth()->set_username(auth->user);
      request.mutable_auth()->set_password(auth->password);
      request.mutable_auth()->set_server_address(auth->server);
    }
    calls_.start<wire::PullImageResponse>(
      "pull image", std::move(request), limits_.pull, TROUPE_CRI(images_, PullImage),
      answer<wire::PullImageResponse>(
        std::move(to), [](const auto& r) { return result<std::string>(r.image_ref()); }));
  }

  void list_images(runtime::reply<std::vector<runtime::image>> to) override {
    calls_.start<wire::ListImagesResponse>(
      "list images", wire::ListImagesRequest{}, limits_.request, TROUPE_CRI(images_, ListImages),
      answer<wire::ListImagesResponse>(std::move(to), [](const wire::ListImagesResponse& r) {
        std::vector<runtime::image> out;
        for (const auto& image : r.images())
          out.push_back(from_wire(image));
        return out;
      }));
  }

  void remove_image(std::string id, runtime::reply<void> to) override {
    wire::RemoveImageRequest request;
    request.mutable_image()->set_image(std::move(id));
    calls_.start<wire::Nothing>("remove image", std::move(request), limits_.request,
                                TROUPE_CRI(images_, RemoveImage), done(std::move(to)));
  }

  void exec(std::string id, std::vector<std::string> command, duration limit,
            runtime::reply<runtime::exec_outcome> to) override {
    wire::ExecSyncRequest request;
    request.set_container_id(std::move(id));
    for (auto& word : command)
      request.add_cmd(std::move(word));
    // The runtime counts whole seconds, 0 is without end: the call's own deadline is the exact one.
    request.set_timeout(std::chrono::ceil<std::chrono::seconds>(limit).count());
    calls_.start<wire::ExecSyncResponse>(
      "run a command in a container", std::move(request), limit, TROUPE_CRI(runtime_, ExecSync),
      answer<wire::ExecSyncResponse>(std::move(to), [](const wire::ExecSyncResponse& r) {
        return runtime::exec_outcome{r.exit_code(), r.stdout(), r.stderr()};
      }));
  }

  void exec_stream(std::string id, std::vector<std::string> command, streams which,
                   runtime::reply<std::string> to) override {
    wire::ExecRequest request;
    request.set_container_id(std::move(id));
    for (auto& word : command)
      request.add_cmd(std::move(word));
    open(std::move(request), which, "open an exec stream", TROUPE_CRI(runtime_, Exec),
         std::move(to));
  }

  void attach_stream(std::string id, streams which, runtime::reply<std::string> to) override {
    wire::AttachRequest request;
    request.set_container_id(std::move(id));
    open(std::move(request), which, "open an attach stream", TROUPE_CRI(runtime_, Attach),
         std::move(to));
  }

  void port_stream(std::string sandbox_id, std::vector<std::int32_t> ports,
                   runtime::reply<std::string> to) override {
    wire::PortForwardRequest request;
    request.set_pod_sandbox_id(std::move(sandbox_id));
    for (auto port : ports)
      request.add_port(port);
    calls_.start<wire::StreamResponse>("open a port stream", std::move(request), limits_.request,
                                       TROUPE_CRI(runtime_, PortForward), url(std::move(to)));
  }

  void stats(runtime::reply<std::vector<runtime::usage>> to) override {
    calls_.start<wire::ListContainerStatsResponse>(
      "list container statistics", wire::ListContainerStatsRequest{}, limits_.request,
      TROUPE_CRI(runtime_, ListContainerStats),
      answer<wire::ListContainerStatsResponse>(std::move(to),
                                               [](const wire::ListContainerStatsResponse& r) {
                                                 std::vector<runtime::usage> out;
                                                 for (const auto& one : r.stats())
                                                   out.push_back(from_wire(one));
                                                 return out;
                                               }));
  }

  void reopen_log(std::string id, runtime::reply<void> to) override {
    wire::ReopenContainerLogRequest request;
    request.set_container_id(std::move(id));
    calls_.start<wire::Nothing>("reopen a container's log", std::move(request), limits_.request,
                                TROUPE_CRI(runtime_, ReopenContainerLog),
                                done_strictly(std::move(to)));
  }

  void watch(std::function<void(runtime::change)> listener) override {
    if (!events_)
      events_.emplace(channel_);
    events_->set_listener(std::move(listener));
  }

  duration relist_period() const override {
    return events_ && events_->live() ? duration(10s) : duration(200ms);
  }

private:
  static runtime::reply<wire::StreamResponse> url(runtime::reply<std::string> to) {
    return answer<wire::StreamResponse>(std::move(to),
                                        [](const auto& r) { return result<std::string>(r.url()); });
  }

  template <class Request, class Method>
  void open(Request request, streams which, const char* tried, Method method,
            runtime::reply<std::string> to) {
    request.set_stdin(which.in);
    request.set_stdout(which.out);
    request.set_stderr(which.err);
    request.set_tty(which.tty);
    calls_.start<wire::StreamResponse>(tried, std::move(request), limits_.request,
                                       std::move(method), url(std::move(to)));
  }

  runtime::deadlines limits_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<wire::RuntimeService::Stub> runtime_;
  std::unique_ptr<wire::ImageService::Stub> images_;
  calls calls_;
  std::optional<event_source> events_;
};

#undef TROUPE_CRI

} // namespace

std::unique_ptr<runtime::driver> make_driver(options with) {
  return std::make_unique<cri_driver>(std::move(with));
}

} // namespace troupe::cri
