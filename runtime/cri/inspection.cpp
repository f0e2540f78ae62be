#include "runtime/cri/inspection.hpp"

#include "runtime/cri/convert.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace troupe::cri {

namespace {

using stub_type = wire::RuntimeService::Stub;

/// Several calls that fill one value; the last to end answers.
template <class T> class gathering {
public:
  explicit gathering(runtime::reply<T> to) : to_(std::move(to)) {}

  void expect(std::size_t calls) {
    std::lock_guard lock(mutex_);
    pending_ += calls;
  }
  /// One call ended: `change` is applied to the value under the lock.
  template <class Change> void arrived(Change change) {
    std::unique_lock lock(mutex_);
    change(value_);
    finish(lock);
  }
  void failed(failure why) {
    std::unique_lock lock(mutex_);
    if (!why_)
      why_ = std::move(why);
    finish(lock);
  }

private:
  void finish(std::unique_lock<std::mutex>& lock) {
    if (--pending_ != 0)
      return;
    lock.unlock();
    if (why_)
      to_(std::move(*why_));
    else
      to_(std::move(value_));
  }

  std::mutex mutex_;
  std::size_t pending_ = 0;
  T value_;
  std::optional<failure> why_;
  runtime::reply<T> to_;
};

#define TROUPE_CRI(CALL)                                                                           \
  [&stub](grpc::ClientContext* c, const auto* q, auto* a,                                          \
          std::function<void(grpc::Status)> done) {                                                \
    stub.async()->CALL(c, q, a, std::move(done));                                                  \
  }

void list_sandboxes(calls& through, stub_type& stub, duration limit, const std::string& uid,
                    runtime::reply<wire::ListPodSandboxResponse> to) {
  wire::ListPodSandboxRequest request;
  if (!uid.empty())
    (*request.mutable_filter()->mutable_label_selector())[runtime::label::pod_uid] = uid;
  through.start<wire::ListPodSandboxResponse>("list pod sandboxes", std::move(request), limit,
                                              TROUPE_CRI(ListPodSandbox), std::move(to));
}

void list_containers(calls& through, stub_type& stub, duration limit, const std::string& uid,
                     runtime::reply<wire::ListContainersResponse> to) {
  wire::ListContainersRequest request;
  if (!uid.empty())
    (*request.mutable_filter()->mutable_label_selector())[runtime::label::pod_uid] = uid;
  through.start<wire::ListContainersResponse>("list containers", std::move(request), limit,
                                              TROUPE_CRI(ListContainers), std::move(to));
}

/// What the two lists of one pod said, before the statuses are asked.
struct listing {
  wire::ListPodSandboxResponse sandboxes;
  wire::ListContainersResponse containers;
};

void ask_statuses(calls& through, stub_type& stub, duration limit, const listing& all,
                  runtime::reply<runtime::pod_state> to) {
  auto sandboxes = all.sandboxes.items_size();
  auto containers = all.containers.containers_size();
  if (sandboxes + containers == 0) {
    to(runtime::pod_state{});
    return;
  }
  auto sorted = [to = std::move(to)](result<runtime::pod_state> state) {
    if (state) {
      auto newer = [](const auto& a, const auto& b) {
        return a.created != b.created ? a.created > b.created : a.attempt > b.attempt;
      };
      std::sort(state->sandboxes.begin(), state->sandboxes.end(), newer);
      std::sort(state->containers.begin(), state->containers.end(), newer);
    }
    to(std::move(state));
  };
  auto gather = std::make_shared<gathering<runtime::pod_state>>(std::move(sorted));
  gather->expect(static_cast<std::size_t>(sandboxes + containers));
  auto end = [gather](auto& response, auto take) {
    if (response)
      gather->arrived([&](runtime::pod_state& state) { take(state, *response); });
    else if (response.error().reason == reason::not_found)
      gather->arrived([](runtime::pod_state&) {});
    else
      gather->failed(std::move(response).error());
  };
  for (const auto& sandbox : all.sandboxes.items()) {
    wire::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(sandbox.id());
    through.start<wire::PodSandboxStatusResponse>(
      "ask a sandbox's status", std::move(request), limit, TROUPE_CRI(PodSandboxStatus),
      [end](result<wire::PodSandboxStatusResponse> r) {
        end(r,
            [](auto& state, auto& found) { state.sandboxes.push_back(from_wire(found.status())); });
      });
  }
  for (const auto& container : all.containers.containers()) {
    wire::ContainerStatusRequest request;
    request.set_container_id(container.id());
    through.start<wire::ContainerStatusResponse>(
      "ask a container's status", std::move(request), limit, TROUPE_CRI(ContainerStatus),
      [end, in = container.pod_sandbox_id()](result<wire::ContainerStatusResponse> r) {
        end(r, [&](auto& state, auto& found) {
          state.containers.push_back(from_wire(found.status()));
          state.containers.back().sandbox_id = in;
        });
      });
  }
}

} // namespace

void take_inventory(calls& through, stub_type& stub, duration limit,
                    runtime::reply<runtime::inventory> to) {
  auto gather = std::make_shared<gathering<runtime::inventory>>(std::move(to));
  gather->expect(2);
  list_sandboxes(through, stub, limit, {}, [gather](result<wire::ListPodSandboxResponse> r) {
    if (!r)
      return gather->failed(std::move(r).error());
    gather->arrived([&](runtime::inventory& all) {
      for (const auto& one : r->items()) // others may use this runtime too: theirs have no label
        if (one.labels().contains(runtime::label::pod_uid))
          all.sandboxes.push_back(from_wire(one));
    });
  });
  list_containers(through, stub, limit, {}, [gather](result<wire::ListContainersResponse> r) {
    if (!r)
      return gather->failed(std::move(r).error());
    gather->arrived([&](runtime::inventory& all) {
      for (const auto& one : r->containers()) {
        auto container = from_wire(one);
        if (!container.pod_uid.empty())
          all.containers.push_back(std::move(container));
      }
    });
  });
}

void inspect_pod(calls& through, stub_type& stub, duration limit, const std::string& pod_uid,
                 runtime::reply<runtime::pod_state> to) {
  auto next = [&through, &stub, limit, to = std::move(to)](result<listing> all) mutable {
    if (!all)
      to(std::move(all).error());
    else
      ask_statuses(through, stub, limit, *all, std::move(to));
  };
  auto gather = std::make_shared<gathering<listing>>(std::move(next));
  gather->expect(2);
  list_sandboxes(through, stub, limit, pod_uid, [gather](result<wire::ListPodSandboxResponse> r) {
    if (!r)
      return gather->failed(std::move(r).error());
    gather->arrived([&](listing& all) { all.sandboxes = std::move(*r); });
  });
  list_containers(through, stub, limit, pod_uid, [gather](result<wire::ListContainersResponse> r) {
    if (!r)
      return gather->failed(std::move(r).error());
    gather->arrived([&](listing& all) { all.containers = std::move(*r); });
  });
}

#undef TROUPE_CRI

} // namespace troupe::cri
