// A whole API in a value: the pipeline over a memory_store, with the caller's duties done as a
// master does them.
#pragma once

#include "actors/api/pipeline/pipeline.hpp"
#include "config/base/random.hpp"
#include "tests/support/memory_store.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::support {

using json = nlohmann::json;

/// What came back, read as JSON.
struct answer {
  int code = 0;
  json body;
  std::string text;
  std::vector<std::string> warnings;
  revision version{};

  std::string message() const { return body.value("message", ""); }
  std::string name() const { return body.at("metadata").value("name", ""); }
};

class api_world {
public:
  api_world() {
    for (const char* name : {"default", "kube-system", "kube-node-lease"})
      post("", "v1", "namespaces", "", json{{"metadata", {{"name", name}}}});
  }

  memory_store store;
  schema::catalog_ptr catalog = schema::built_in();
  random_source random{42};
  pipeline::settings set;
  pipeline::admission_chain admission = pipeline::built_in_admission();
  instant now = instant{} + std::chrono::seconds{1'800'000'000};
  authn::token_authority_ptr tokens{}; // none are made or taken
  /// Runs between prepare and apply: lets another writer come first.
  std::function<void()> meanwhile;

  pipeline::environment env() {
    return {.catalog = catalog,
            .now = now,
            .random = random,
            .set = set,
            .admission = admission,
            .server = "m1",
            .leader_scope = true,
            .tokens = tokens};
  }

  pipeline::step step_of(const api::request& r, store::view_ptr view = nullptr,
                         std::optional<revision> exact = {}) {
    if (!view)
      view = store.view();
    auto e = env();
    e.exact = exact;
    return pipeline::prepare(r, *view, e);
  }

  answer run(const api::request& r) {
    for (int i = 0; i < pipeline::max_attempts; ++i) {
      auto step = step_of(r);
      if (auto* need = std::get_if<pipeline::need_view>(&step)) {
        auto view = store.view(need->at);
        if (!view)
          return read(pipeline::expired(r));
        step = step_of(r, view, need->at);
      }
      if (auto* done = std::get_if<pipeline::finished>(&step))
        return read(std::move(done->response));
      auto& write = std::get<pipeline::write>(step);
      if (meanwhile)
        std::exchange(meanwhile, nullptr)();
      if (auto response = write.answer(store.apply(write.what)))
        return read(std::move(*response));
    }
    return read(pipeline::exhausted(r));
  }

  static api::request request(api::verb v, std::string group, std::string version,
                              std::string resource, std::string ns = {}, std::string name = {}) {
    api::request r;
    r.verb = v;
    r.group = std::move(group);
    r.version = std::move(version);
    r.resource = std::move(resource);
    r.ns = std::move(ns);
    r.name = std::move(name);
    r.options.fields = api::validation::strict;
    r.from = {.name = "admin", .groups = {"system:masters"}, .uid = {}};
    return r;
  }

  answer post(std::string group, std::string version, std::string resource, std::string ns,
              const json& body) {
    auto r = request(api::verb::create, std::move(group), std::move(version), std::move(resource),
                     std::move(ns));
    r.body = body.dump();
    return run(r);
  }
  answer get(std::string group, std::string version, std::string resource, std::string ns,
             std::string name) {
    return run(request(api::verb::get, std::move(group), std::move(version), std::move(resource),
                       std::move(ns), std::move(name)));
  }
  answer put(std::string group, std::string version, std::string resource, const json& body,
             std::string sub = {}) {
    const auto& meta = body.at("metadata");
    auto r = request(api::verb::update, std::move(group), std::move(version), std::move(resource),
                     meta.value("namespace", ""), meta.value("name", ""));
    r.subresource = std::move(sub);
    r.body = body.dump();
    return run(r);
  }
  answer patch(std::string group, std::string version, std::string resource, std::string ns,
               std::string name, api::patch_type how, const json& body, std::string sub = {}) {
    auto r = request(api::verb::patch, std::move(group), std::move(version), std::move(resource),
                     std::move(ns), std::move(name));
    r.subresource = std::move(sub);
    r.patch = how;
    r.body = body.dump();
    return run(r);
  }
  answer remove(std::string group, std::string version, std::string resource, std::string ns,
                std::string name) {
    return run(request(api::verb::remove, std::move(group), std::move(version), std::move(resource),
                       std::move(ns), std::move(name)));
  }
  answer list(std::string group, std::string version, std::string resource, std::string ns,
              api::options o = {}) {
    auto r = request(api::verb::list, std::move(group), std::move(version), std::move(resource),
                     std::move(ns));
    r.options = std::move(o);
    return run(r);
  }

  static answer read(api::response r) {
    answer out{
      .code = r.code, .body = {}, .text = {}, .warnings = r.warnings, .version = r.version};
    if (auto bytes = api::whole_body(r))
      out.text = *bytes;
    if (r.as == api::media::json)
      out.body = json::parse(out.text, nullptr, false);
    return out;
  }
};

inline json pod_named(const std::string& name, const json& labels = json::object()) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}, {"labels", labels}}},
          {"spec", {{"containers", json::array({{{"name", "main"}, {"image", "nginx:1.25"}}})}}}};
}

inline json deployment_named(const std::string& name, int replicas) {
  return {
    {"apiVersion", "apps/v1"},
    {"kind", "Deployment"},
    {"metadata", {{"name", name}, {"namespace", "default"}}},
    {"spec",
     {{"replicas", replicas},
      {"selector", {{"matchLabels", {{"app", name}}}}},
      {"template",
       {{"metadata", {{"labels", {{"app", name}}}}},
        {"spec", {{"containers", json::array({{{"name", "main"}, {"image", "nginx"}}})}}}}}}}};
}

} // namespace troupe::support
