#include "runtime/cri/convert.hpp"

namespace troupe::cri {

namespace {

instant at(std::int64_t nanoseconds) { return instant(duration(nanoseconds)); }

template <class Map> std::string find(const Map& map, const char* key) {
  auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

template <class Map> runtime::string_map copy(const Map& map) {
  runtime::string_map out;
  for (const auto& [key, value] : map)
    out.emplace(key, value);
  return out;
}

runtime::pod_key key_of(const wire::PodSandboxMetadata& from) {
  return {from.name(), from.namespace_(), from.uid()};
}

runtime::sandbox_state state_of(wire::PodSandboxState state) {
  return state == wire::SANDBOX_READY ? runtime::sandbox_state::ready
                                      : runtime::sandbox_state::not_ready;
}

runtime::container_state state_of(wire::ContainerState state) {
  switch (state) {
  case wire::CONTAINER_CREATED: return runtime::container_state::created;
  case wire::CONTAINER_RUNNING: return runtime::container_state::running;
  case wire::CONTAINER_EXITED: return runtime::container_state::exited;
  default: return runtime::container_state::unknown;
  }
}

} // namespace

runtime::sandbox_status from_wire(const wire::PodSandboxStatus& status) {
  runtime::sandbox_status out;
  out.id = status.id();
  out.pod = key_of(status.metadata());
  out.attempt = status.metadata().attempt();
  out.state = state_of(status.state());
  out.created = at(status.created_at());
  out.node_network = status.linux().namespaces().options().network() == wire::NODE;
  if (!status.network().ip().empty())
    out.ips.push_back(status.network().ip());
  for (const auto& more : status.network().additional_ips())
    out.ips.push_back(more.ip());
  out.labels = copy(status.labels());
  return out;
}

runtime::container_status from_wire(const wire::ContainerStatus& status) {
  runtime::container_status out;
  out.id = status.id();
  out.name = status.metadata().name();
  out.attempt = status.metadata().attempt();
  out.state = state_of(status.state());
  out.created = at(status.created_at());
  out.started = at(status.started_at());
  out.finished = at(status.finished_at());
  out.exit_code = status.exit_code();
  out.reason = status.reason();
  out.message = status.message();
  out.image = status.image().image();
  out.image_id = status.image_ref();
  out.hash = find(status.annotations(), runtime::label::container_hash);
  out.log_path = status.log_path();
  out.labels = copy(status.labels());
  return out;
}

runtime::listed_sandbox from_wire(const wire::PodSandbox& sandbox) {
  return {sandbox.id(), key_of(sandbox.metadata()), state_of(sandbox.state())};
}

runtime::listed_container from_wire(const wire::Container& container) {
  return {container.id(), container.pod_sandbox_id(), container.metadata().name(),
          find(container.labels(), runtime::label::pod_uid), state_of(container.state())};
}

runtime::image from_wire(const wire::Image& image) {
  runtime::image out;
  out.id = image.id();
  out.tags.assign(image.repo_tags().begin(), image.repo_tags().end());
  out.digests.assign(image.repo_digests().begin(), image.repo_digests().end());
  out.size = image.size();
  if (image.has_uid())
    out.user = image.uid().value();
  out.user_name = image.username();
  return out;
}

runtime::usage from_wire(const wire::ContainerStats& stats) {
  runtime::usage out;
  out.container_id = stats.attributes().id();
  out.container_name = stats.attributes().metadata().name();
  out.pod_uid = find(stats.attributes().labels(), runtime::label::pod_uid);
  out.at = at(stats.cpu().timestamp());
  out.cpu_nanoseconds = stats.cpu().usage_core_nano_seconds().value();
  out.memory_working_set = stats.memory().working_set_bytes().value();
  out.memory_usage = stats.memory().usage_bytes().value();
  out.memory_rss = stats.memory().rss_bytes().value();
  out.disk_bytes = stats.writable_layer().used_bytes().value();
  return out;
}

runtime::health from_wire(const wire::RuntimeStatus& status) {
  runtime::health out;
  for (const auto& condition : status.conditions()) {
    auto text = condition.reason().empty() && condition.message().empty()
                  ? std::string()
                  : condition.reason() + ": " + condition.message();
    if (condition.type() == "RuntimeReady") {
      out.runtime_ready = condition.status();
      out.runtime_message = text;
    } else if (condition.type() == "NetworkReady") {
      out.network_ready = condition.status();
      out.network_message = text;
    }
  }
  return out;
}

} // namespace troupe::cri
