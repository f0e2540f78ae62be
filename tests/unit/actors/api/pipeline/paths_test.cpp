// Every path and verb that Kubernetes publishes, as the schema derives them from its OpenAPI: each
// is answered by the pipeline, or stands here with who answers it, or with why nobody does yet.
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

namespace troupe::support {
namespace {

using api::verb;

struct elsewhere {
  const char* path;
  const char* why;
};

constexpr elsewhere not_the_pipelines[] = {
  {"pods/attach", "missing: needs streams to the node"},
  {"pods/exec", "missing: needs streams to the node"},
  {"pods/portforward", "missing: needs streams to the node"},
  {"pods/proxy", "missing: needs a proxy to pods"},
  {"services/proxy", "missing: needs a proxy to endpoints"},
  {"nodes/proxy", "missing: needs the kubelet's own API"},
};

constexpr std::pair<std::uint16_t, verb> verbs[] = {
  {schema::verb_get, verb::get},       {schema::verb_list, verb::list},
  {schema::verb_watch, verb::watch},   {schema::verb_create, verb::create},
  {schema::verb_update, verb::update}, {schema::verb_patch, verb::patch},
  {schema::verb_delete, verb::remove}, {schema::verb_deletecollection, verb::remove_collection}};

/// Whether the API knows the path and the verb, whatever it says to the request.
bool answered(api_world& w, const api::request& r) {
  auto step = w.step_of(r);
  const auto* done = std::get_if<pipeline::finished>(&step);
  if (!done)
    return true;
  auto out = api_world::read(done->response);
  return out.code != 405
         && !(out.code == 404
              && out.message() == "the server could not find the requested resource");
}

TEST_CASE("paths: every path and verb of Kubernetes is answered, or known not to be") {
  api_world w;
  std::set<std::string> unanswered;
  int asked = 0;
  auto ask = [&](const schema::resource& of, std::string_view sub, std::uint16_t bits) {
    for (auto [bit, v] : verbs)
      if ((bits & bit) != 0) {
        auto named = v != verb::list && v != verb::watch && v != verb::remove_collection
                     && (v != verb::create || !sub.empty());
        auto r = api_world::request(v, std::string{of.group}, std::string{of.version},
                                    std::string{of.plural}, of.namespaced ? "default" : "",
                                    named ? "x" : "");
        r.subresource = sub;
        ++asked;
        if (!answered(w, r))
          unanswered.insert(of.qualified() + (sub.empty() ? "" : "/" + std::string{sub}));
      }
  };
  for (const auto* of : w.catalog->resources()) {
    ask(*of, {}, of->verbs);
    for (const auto& sub : of->subresources)
      ask(*of, sub.name, sub.verbs);
  }
  std::set<std::string> known;
  for (const auto& e : not_the_pipelines)
    known.insert(e.path);
  auto joined = [](const std::set<std::string>& all) {
    std::string out;
    for (const auto& one : all)
      out += one + "\n";
    return out;
  };
  CHECK(joined(unanswered) == joined(known));
  CHECK(asked > 800);
}

} // namespace
} // namespace troupe::support
