// Container logs: the API finds the pod and its node; the bytes come from that node's kubelet.
#include "actors/api/auth/authorize.hpp"
#include "actors/api/edge/state.hpp"
#include "actors/api/http/mapping.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace troupe::edge {
namespace {

using nlohmann::json;

constexpr duration head_deadline = 30s;

struct log_request {
  api::request what;
  http::responder to;
  std::string query;     // with its '?', or empty
  std::string container; // as asked for
  std::string node;
};
using log_ptr = std::shared_ptr<log_request>;

void fail(const log_ptr& l, failure why) {
  l->to.answer(http::to_http(api::status_of(why, l->what)));
}

api::request get(std::string resource, std::string ns, std::string name, api::user from) {
  api::request out;
  out.version = "v1";
  out.resource = std::move(resource);
  out.ns = std::move(ns);
  out.name = std::move(name);
  out.from = std::move(from);
  return out;
}

/// The pod whose log is meant, for whom may read its log.
api::request pod_of(const api::request& log) {
  auto out = get("pods", log.ns, log.name, log.from);
  out.subresource = "log";
  out.shown = log.shown;
  return out;
}

std::string text_at(const json& tree, const char* pointer) {
  auto at = json::json_pointer(pointer);
  return tree.contains(at) && tree.at(at).is_string() ? tree.at(at).get<std::string>()
                                                      : std::string{};
}

/// The container whose log is meant, as Kubernetes chooses it.
result<std::string> choose_container(const json& pod, const std::string& wanted,
                                     const std::string& name) {
  std::vector<std::string> names;
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"})
    for (const auto& c : pod.value(json::json_pointer(std::string{"/spec/"} + list), json::array()))
      names.push_back(c.value("name", ""));
  if (wanted.empty()) {
    const auto& own = pod.at("spec").at("containers");
    if (own.size() == 1)
      return own.at(0).value("name", "");
    std::string all;
    for (const auto& n : names)
      all += (all.empty() ? "" : " ") + n;
    return failure{.reason = reason::bad_request,
                   .message = "a container name must be specified for pod " + name
                              + ", choose one of: [" + all + "]"};
  }
  if (std::find(names.begin(), names.end(), wanted) == names.end())
    return failure{.reason = reason::bad_request,
                   .message = "container " + wanted + " is not valid for pod " + name};
  return wanted;
}

struct relayed {
  std::optional<http::stream> out;
};

void relay(const log_ptr& l, const std::shared_ptr<http::client>& kubelet) {
  auto state = std::make_shared<relayed>();
  http::request ask{.method = "GET",
                    .target = "/containerLogs/" + l->what.ns + "/" + l->what.name + "/"
                              + l->container + l->query,
                    .fields = {},
                    .body = {},
                    .from = {}};
  auto under_way = kubelet->open(
    std::move(ask), head_deadline,
    {.on_head =
       [l, state](int code, const http::fields& f) {
         state->out = l->to.begin(code, {{"Content-Type", std::string{f.get("Content-Type")}}});
       },
     .on_data =
       [state](std::string_view bytes) {
         return state->out->write(share(std::string{bytes})) == http::push::queued;
       },
     .on_end =
       [l, state](result<void> end) {
         if (state->out)
           return end ? state->out->end() : state->out->abort();
         fail(l, {.reason = reason::unavailable,
                  .message = "the node " + l->node + " does not answer: "
                             + (end ? std::string{"no head"} : end.error().message)});
       }});
  l->to.on_gone([under_way] { under_way.cancel(); });
}

void with_node(pointer self, const log_ptr& l, const json& node) {
  std::string address;
  for (const auto& a : node.value(json::json_pointer("/status/addresses"), json::array()))
    if (a.value("type", "") == "InternalIP")
      address = a.value("address", "");
  auto port = node.value(json::json_pointer("/status/daemonEndpoints/kubeletEndpoint/Port"), 10250);
  if (address.empty() || !self->state.with.kubelet)
    return fail(
      l, {.reason = reason::unavailable, .message = "the node " + l->node + " has no address"});
  relay(l, self->state.with.kubelet(address, static_cast<std::uint16_t>(port)));
}

void with_pod(pointer self, const log_ptr& l, const json& pod) {
  auto container = choose_container(pod, l->container, l->what.name);
  if (!container)
    return fail(l, container.error());
  l->container = *container;
  l->node = text_at(pod, "/spec/nodeName");
  if (l->node.empty())
    return fail(l, {.reason = reason::bad_request,
                    .message = "pod " + l->what.name + " does not have a host assigned"});
  self
    ->ask(self->state.worker(),
          client::call{get("nodes", {}, l->node, authz::internal_user("logs"))},
          client::call_deadline)
    .then([self, l](result<client::called> r) {
      if (!r || r->answer.code != 200)
        return fail(
          l, {.reason = reason::unavailable, .message = "the node " + l->node + " is unknown"});
      with_node(self, l, json::parse(*r->answer.body, nullptr, false));
    });
}

} // namespace

void serve_logs(pointer self, api::request what, const std::string& target, http::responder to) {
  auto parsed = http::parse_target(target);
  auto query = target.find('?');
  auto l = std::make_shared<log_request>(
    log_request{.what = what,
                .to = std::move(to),
                .query = query == std::string::npos ? "" : target.substr(query),
                .container = parsed ? std::string{parsed->option("container")} : "",
                .node = {}});
  self
    ->ask(self->state.worker(), client::call{pod_of(what)},
          client::call_deadline)
    .then([self, l](result<client::called> r) {
      if (!r)
        return fail(l, r.error());
      if (r->answer.code != 200)
        return l->to.answer(http::to_http(r->answer));
      with_pod(self, l, json::parse(*r->answer.body, nullptr, false));
    });
}

} // namespace troupe::edge
