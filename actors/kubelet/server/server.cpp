#include "actors/kubelet/server/server.hpp"

#include "actors/api/http/mapping.hpp"
#include "actors/kernel/actor.hpp"
#include "actors/kubelet/pod/plan.hpp"
#include "actors/kubelet/pod/view.hpp"
#include "actors/kubelet/server/streams.hpp"
#include "runtime/stream/log_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

constexpr auto ask_deadline = 5s;
constexpr auto stats_deadline = 20s;
constexpr auto stall = 60s; // a reader that takes nothing for so long is given up

struct server_state {
  server_state() = default;
  server_settings with;
  stream_clients streams;
};
using pointer = kernel::self_ptr<server_actor, server_state>;

void fail(const http::responder& to, reason why, std::string message) {
  to.answer(http::failure_response({.reason = why, .message = std::move(message)}));
}

void give(const http::responder& to, const json& body) {
  http::response out;
  out.fields = {{"Content-Type", "application/json"}};
  out.body = share(body.dump());
  to.answer(std::move(out));
}

bool flag(const http::target& from, std::string_view name) {
  auto text = from.option(name);
  return text == "true" || text == "1";
}

/// Nothing when it is not given; fails when it is no number.
result<std::optional<std::uint64_t>> count(const http::target& from, std::string_view name) {
  auto text = from.option(name);
  if (text.empty())
    return std::optional<std::uint64_t>();
  std::uint64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size())
    return failure{.reason = reason::bad_request,
                   .message =
                     "the value of " + std::string(name) + " is no number: " + std::string(text)};
  return std::optional(out);
}

result<stream::log_options> options_of(const http::target& from, instant now) {
  stream::log_options out;
  OR_RETURN(out.tail, count(from, "tailLines"));
  OR_RETURN(out.limit, count(from, "limitBytes"));
  OR_RETURN(auto seconds, count(from, "sinceSeconds"));
  if (seconds)
    out.since = now - std::chrono::seconds(*seconds);
  if (auto text = from.option("sinceTime"); !text.empty()) {
    out.since = stream::parse_log_time(text);
    if (!out.since)
      return failure{.reason = reason::bad_request,
                     .message = "the value of sinceTime is no time: " + std::string(text)};
  }
  out.timestamps = flag(from, "timestamps");
  out.follow = flag(from, "follow");
  return out;
}

/// Hands pieces to a slow reader: the reading thread waits while the stream is full.
class sink {
public:
  explicit sink(http::stream to) : to_(std::move(to)), gate_(std::make_shared<gate>()) {}

  bool operator()(std::string piece) const {
    auto bytes = share(std::move(piece));
    while (true) {
      switch (to_.write(bytes)) {
      case http::push::queued: return true;
      case http::push::gone: return false;
      case http::push::full: break;
      }
      std::unique_lock lock(gate_->mutex);
      gate_->open = false;
      to_.on_drain([gate = gate_] {
        std::lock_guard opening(gate->mutex);
        gate->open = true;
        gate->turned.notify_all();
      });
      if (!gate_->turned.wait_for(lock, stall, [this] { return gate_->open || to_.gone(); }))
        return false;
    }
  }

private:
  struct gate {
    std::mutex mutex;
    std::condition_variable turned;
    bool open = false;
  };
  http::stream to_;
  std::shared_ptr<gate> gate_;
};

/// Reads on one of the readers' threads until the log or the client has ended.
void stream_log(pointer self, const std::string& path, const stream::log_options& wanted,
                std::shared_ptr<std::atomic<bool>> alive, const http::responder& to) {
  auto job = [path, wanted, alive, to] {
    auto out = to.begin(200, {{"Content-Type", "text/plain"}});
    out.on_gone([alive] { *alive = false; });
    auto end = stream::read_log({path, [alive] { return alive->load(); }}, wanted, sink(out));
    if (end)
      out.end();
    else
      out.abort();
  };
  if (!self->state.with.readers->post(job))
    fail(to, reason::too_many_requests, "too many logs are being read on this node");
}

void serve_log(pointer self, const http::target& target, const http::responder& to) {
  if (target.segments.size() != 4)
    return fail(to, reason::not_found, "logs are at /containerLogs/NAMESPACE/POD/CONTAINER");
  auto wanted = options_of(target, self->now());
  if (!wanted)
    return to.answer(http::failure_response(wanted.error()));
  auto container = target.segments[3];
  auto previous = flag(target, "previous");
  self
    ->ask(self->state.with.manager, find_pods{target.segments[1], target.segments[2]}, ask_deadline)
    .then([self, container, previous, wanted = *wanted, to](const result<found_pods>& r) {
      if (!r || r->all.empty())
        return fail(to, reason::not_found, "the pod is not on this node");
      pod view;
      view.meta = r->all.front()->meta;
      auto path =
        stream::find_log(log_directory(view, *self->state.with.node) + "/" + container, previous);
      if (!path)
        return fail(to, reason::bad_request,
                    previous ? "previous terminated container \"" + container + "\" in pod \""
                                 + view.meta.name + "\" not found"
                             : "container \"" + container + "\" in pod \"" + view.meta.name
                                 + "\" is waiting to start");
      auto alive = std::make_shared<std::atomic<bool>>(wanted.follow && !previous);
      if (*alive)
        self->after(0ns, follower_due{view.meta.uid, container, alive});
      stream_log(self, *path, wanted, alive, to);
    });
}

void look_after(pointer self, const follower_due& m) {
  if (!*m.alive)
    return;
  self->ask(self->state.with.engine, engine::inspect{m.pod_uid}, ask_deadline)
    .then([self, m](const result<engine::inspected>& r) {
      if (r) {
        const auto* newest = latest(r->state, m.container);
        if (newest == nullptr || newest->state == runtime::container_state::exited) {
          *m.alive = false; // what is written so far is still read
          return;
        }
      }
      self->after(1s, m);
    });
}

void serve_pods(pointer self, const http::responder& to) {
  self->ask(self->state.with.manager, find_pods{}, ask_deadline)
    .then([to](const result<found_pods>& r) {
      if (!r)
        return to.answer(http::failure_response(r.error()));
      std::string body = R"({"apiVersion":"v1","kind":"PodList","metadata":{},"items":[)";
      for (const auto& one : r->all) {
        if (body.back() != '[')
          body += ',';
        api::append_with_version(body, *one->body, one->meta.version);
      }
      body += "]}";
      http::response out;
      out.fields = {{"Content-Type", "application/json"}};
      out.body = share(std::move(body));
      to.answer(std::move(out));
    });
}

json usage_json(const runtime::usage& u) {
  auto time = api::format_time(u.at);
  return {{"name", u.container_name},
          {"startTime", time},
          {"cpu", {{"time", time}, {"usageCoreNanoSeconds", u.cpu_nanoseconds}}},
          {"memory",
           {{"time", time},
            {"workingSetBytes", u.memory_working_set},
            {"usageBytes", u.memory_usage},
            {"rssBytes", u.memory_rss}}},
          {"rootfs", {{"time", time}, {"usedBytes", u.disk_bytes}}}};
}

json summary_of(const std::string& node, const std::vector<api::object_ptr>& pods,
                const std::vector<runtime::usage>& used) {
  auto list = json::array();
  for (const auto& one : pods) {
    json entry = {
      {"podRef", {{"name", one->meta.name}, {"namespace", one->meta.ns}, {"uid", one->meta.uid}}},
      {"containers", json::array()}};
    for (const auto& u : used)
      if (u.pod_uid == one->meta.uid)
        entry["containers"].push_back(usage_json(u));
    list.push_back(std::move(entry));
  }
  return {{"node", {{"nodeName", node}}}, {"pods", std::move(list)}};
}

void serve_stats(pointer self, const http::responder& to) {
  self->ask(self->state.with.engine, engine::ask_usage{}, stats_deadline)
    .then([self, to](const result<engine::usages>& used) {
      if (!used)
        return to.answer(http::failure_response(used.error()));
      self->ask(self->state.with.manager, find_pods{}, ask_deadline)
        .then([self, to, used = used->all](const result<found_pods>& r) {
          if (!r)
            return to.answer(http::failure_response(r.error()));
          give(to, summary_of(self->state.with.node->name, r->all, used));
        });
    });
}

/// Opens the stream at the runtime and hands the client over.
void open_stream(pointer self, const asked& m, const http::target& target,
                 const runtime::pod_state& seen) {
  const auto& kind = target.segments.front();
  auto given = [self, m](const result<engine::stream_at>& r) {
    auto at = r ? parse_stream_url(r->url) : result<stream_address>(r.error());
    if (!at)
      return m.to.answer(http::failure_response(at.error()));
    hand_over(self->state.streams.to(*at), *m.what, *at, m.to);
  };
  const auto& engine = self->state.with.engine;
  if (kind == "portForward") {
    const auto* sandbox = current(seen);
    if (sandbox == nullptr || sandbox->state != runtime::sandbox_state::ready)
      return fail(m.to, reason::bad_request, "the pod is not running");
    self->ask(engine, engine::open_ports{sandbox->id, ports_of(target)}, ask_deadline).then(given);
    return;
  }
  const auto* container = target.segments.size() == 4 ? latest(seen, target.segments[3]) : nullptr;
  if (container == nullptr || container->state != runtime::container_state::running)
    return fail(m.to, reason::bad_request, "container not found or not running");
  auto which = stream_kinds_of(target);
  if (kind == "attach")
    self->ask(engine, engine::open_attach{container->id, which}, ask_deadline).then(given);
  else
    self->ask(engine, engine::open_exec{container->id, command_of(target), which}, ask_deadline)
      .then(given);
}

void serve_stream(pointer self, const asked& m, const http::target& target) {
  if (target.segments.size() < 3)
    return fail(m.to, reason::not_found, "streams are at /KIND/NAMESPACE/POD/CONTAINER");
  if (!m.what->fields.has("Upgrade"))
    return fail(m.to, reason::bad_request, "Upgrade request required");
  self
    ->ask(self->state.with.manager, find_pods{target.segments[1], target.segments[2]}, ask_deadline)
    .then([self, m, target](const result<found_pods>& r) {
      if (!r || r->all.empty())
        return fail(m.to, reason::not_found, "the pod is not on this node");
      self->ask(self->state.with.engine, engine::inspect{r->all.front()->meta.uid}, ask_deadline)
        .then([self, m, target](const result<engine::inspected>& seen) {
          if (!seen)
            return m.to.answer(http::failure_response(seen.error()));
          open_stream(self, m, target, seen->state);
        });
    });
}

server_actor::behavior_type server(pointer self, const server_settings& with) {
  self->state.with = with;
  return {
    [self](const asked& m) {
      auto target = http::parse_target(m.what->target);
      if (!target)
        return m.to.answer(http::failure_response(target.error()));
      const auto& first = target->segments.empty() ? std::string() : target->segments.front();
      if (first == "exec" || first == "attach" || first == "portForward")
        serve_stream(self, m, *target);
      else if (m.what->method != "GET")
        fail(m.to, reason::method_not_allowed, "only GET is served here");
      else if (first == "containerLogs")
        serve_log(self, *target, m.to);
      else if (first == "pods" || first == "runningpods")
        serve_pods(self, m.to);
      else if (first == "stats")
        serve_stats(self, m.to);
      else
        fail(m.to, reason::not_found, "nothing is served at " + target->path);
    },
    [self](const follower_due& m) { look_after(self, m); },
  };
}

} // namespace

server_actor spawn_server(const kernel::place& at, server_settings with) {
  return kernel::spawn<server_actor, server_state>(at, server, std::move(with));
}

} // namespace troupe::kubelet
