// Plans against the real API pipeline over a store in memory: bodies are valid, patches mean what
// they should, and what comes back defaulted and canonical leaves nothing to do.
#include "actors/controllers/collector/plan.hpp"
#include "actors/controllers/defaults/plan.hpp"
#include "actors/controllers/deployment/plan.hpp"
#include "actors/controllers/endpoints/plan.hpp"
#include "actors/controllers/name_space/plan.hpp"
#include "actors/controllers/replica_set/plan.hpp"
#include "actors/controllers/shell/requests.hpp"
#include "actors/lease/eviction.hpp"
#include "actors/lease/health.hpp"
#include "actors/scheduler/core.hpp"
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

namespace troupe::control {
namespace {

using nlohmann::json;
const std::string ns = "default";

struct real_api {
  support::api_world api;
  std::uint64_t seed = 1;

  std::vector<api::object> list(const resource& of, const std::string& in) {
    auto got = api.list(of.group, of.version, of.plural, in);
    REQUIRE(got.code == 200);
    std::vector<api::object> out;
    for (auto item : got.body["items"]) {
      auto version = revision{std::stoull(item["metadata"]["resourceVersion"].get<std::string>())};
      auto kind = got.body["kind"].get<std::string>();
      item["kind"] = kind.substr(0, kind.size() - 4); // ...List
      item["apiVersion"] = of.group.empty() ? of.version : of.group + "/" + of.version;
      out.push_back(api::parse_object(share(api::encode(item)), version).value());
    }
    return out;
  }
  template <class View> std::vector<View> views(const resource& of, const std::string& in = ns) {
    std::vector<View> out;
    for (const auto& o : list(of, in))
      out.push_back(View::from(o).value());
    return out;
  }
  /// Every write has to be accepted, with strict checking of fields.
  void perform(const actions& plan) {
    for (const auto& a : plan) {
      auto r = request_of(a);
      if (!r)
        continue;
      r->from = {.name = "admin", .groups = {"system:masters"}, .uid = {}};
      r->options.fields = api::validation::strict;
      auto answer = api.run(*r);
      CAPTURE(r->body);
      CAPTURE(answer.text);
      REQUIRE(answer.code < 300);
      for (const auto& w : answer.warnings) // v1 Endpoints are, and we write them
        REQUIRE(w.find("deprecated") != std::string::npos);
    }
  }
  /// Plans and performs until there is nothing to do.
  void settle(const std::function<actions()>& plan, int rounds = 6) {
    for (int i = 0; i < rounds; ++i) {
      auto orders = plan();
      std::erase_if(orders, [](const auto& a) { return !request_of(a); });
      if (orders.empty())
        return;
      if (i + 1 == rounds)
        for (const auto& a : orders)
          MESSAGE(request_of(a)->resource << " " << request_of(a)->body);
      perform(orders);
    }
    FAIL("the plan does not come to rest");
  }

  actions deployment() {
    auto all = views<views::deployment>(of::deployments);
    return deployment::plan({.now = api.now,
                             .deployment = all.at(0),
                             .sets = views<views::replica_set>(of::replica_sets)});
  }
  actions sets() {
    actions out;
    for (const auto& s : views<views::replica_set>(of::replica_sets))
      for (auto& a : replica_set::plan(
             {.now = api.now, .seed = ++seed, .set = s, .pods = views<views::pod>(of::pods)}))
        out.push_back(a);
    return out;
  }
  actions endpoints() {
    troupe::endpoints::observed o{.seed = ++seed,
                                  .service = views<views::service>(of::services).at(0),
                                  .pods = views<views::pod>(of::pods),
                                  .slices = views<views::endpoint_slice>(of::endpoint_slices)};
    for (auto& e : views<views::endpoints>(of::endpoints))
      o.legacy = e;
    auto out = troupe::endpoints::plan_slices(o);
    for (auto& a : troupe::endpoints::plan_endpoints(o))
      out.push_back(a);
    return out;
  }
  void make_node(const std::string& name) {
    REQUIRE(api
              .post("", "v1", "nodes", "",
                    {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", name}}}})
              .code
            == 201);
    json status{
      {"status",
       {{"allocatable", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "110"}}},
        {"conditions", json::array({{{"type", "Ready"},
                                     {"status", "True"},
                                     {"reason", "KubeletReady"},
                                     {"lastHeartbeatTime", api::format_time(api.now)},
                                     {"lastTransitionTime", api::format_time(api.now)}}})}}}};
    REQUIRE(
      api.patch("", "v1", "nodes", "", name, api::patch_type::strategic, status, "status").code
      == 200);
  }
  void make_ready() {
    int i = 0;
    for (const auto& p : views<views::pod>(of::pods)) {
      json status{
        {"status",
         {{"phase", "Running"},
          {"podIP", "10.244.0." + std::to_string(++i)},
          {"conditions", json::array({{{"type", "Ready"},
                                       {"status", "True"},
                                       {"lastTransitionTime", api::format_time(api.now)}}})}}}};
      REQUIRE(
        api.patch("", "v1", "pods", ns, p.meta.name, api::patch_type::strategic, status, "status")
          .code
        == 200);
    }
  }
  void schedule() {
    scheduler::core core{{.seed = 1}};
    for (const auto& n : views<views::node_supply>(of::nodes, ""))
      core.put_node(n, api.now);
    for (const auto& p : views<views::pod_demand>(of::pods))
      core.put_pod(p, api.now);
    for (const auto& d : core.decide(100, api.now)) {
      REQUIRE(d.node != "");
      json body{{"apiVersion", "v1"},
                {"kind", "Binding"},
                {"metadata", {{"name", d.pod.name}, {"namespace", d.pod.ns}, {"uid", d.pod.uid}}},
                {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", d.node}}}};
      perform({create{.of = of::pods,
                      .ns = d.pod.ns,
                      .name = d.pod.name,
                      .body = body.dump(),
                      .subresource = "binding"}});
    }
  }
};

/// A deployment of three that runs behind a service.
real_api running() {
  real_api w;
  w.make_node("n1");
  w.make_node("n2");
  REQUIRE(w.api.post("apps", "v1", "deployments", ns, support::deployment_named("web", 3)).code
          == 201);
  json service{{"apiVersion", "v1"},
               {"kind", "Service"},
               {"metadata", {{"name", "web"}, {"labels", {{"team", "a"}}}}},
               {"spec",
                {{"selector", {{"app", "web"}}},
                 {"ports", json::array({{{"port", 80}, {"targetPort", 8080}}})}}}};
  REQUIRE(w.api.post("", "v1", "services", ns, service).code == 201);
  w.settle([&] { return w.deployment(); });
  w.settle([&] { return w.sets(); });
  w.schedule();
  w.make_ready();
  w.api.now += 1s;
  w.settle([&] { return w.sets(); });
  w.settle([&] { return w.deployment(); });
  w.settle([&] { return w.endpoints(); });
  return w;
}

TEST_CASE("pipeline: a deployment runs, is bound and is reached, and then nothing is left to do") {
  auto w = running();
  auto d = w.api.get("apps", "v1", "deployments", ns, "web").body;
  CHECK(d["status"]["availableReplicas"] == 3);
  CHECK(d["status"]["observedGeneration"] == d["metadata"]["generation"]);
  CHECK(d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1");
  for (const auto& p : w.views<views::pod>(of::pods))
    CHECK(p.node != "");
  auto slices = w.views<views::endpoint_slice>(of::endpoint_slices);
  REQUIRE(slices.size() == 1);
  CHECK(slices[0].endpoints.size() == 3);
  CHECK(slices[0].ports[0].port == 8080);
  CHECK(w.views<views::endpoints>(of::endpoints)[0].subsets[0].ready.size() == 3);
}

TEST_CASE("pipeline: a new template rolls out and its undo finds the old ReplicaSet") {
  auto w = running();
  auto roll = [&](const std::string& image) {
    json change{
      {"spec",
       {{"template",
         {{"spec", {{"containers", json::array({{{"name", "main"}, {"image", image}}})}}}}}}}};
    REQUIRE(
      w.api.patch("apps", "v1", "deployments", ns, "web", api::patch_type::strategic, change).code
      == 200);
    for (int i = 0; i < 12; ++i) {
      w.perform(w.deployment());
      w.perform(w.sets());
      for (const auto& p : w.views<views::pod>(of::pods))
        if (p.meta.deleted) // the kubelet's part
          w.perform({remove{.at = at(of::pods, p.meta), .grace = 0}});
      w.schedule();
      w.make_ready();
      w.api.now += 1s;
    }
    w.settle([&] { return w.sets(); });
    w.settle([&] { return w.deployment(); });
  };
  roll("nginx:2");
  CHECK(w.views<views::replica_set>(of::replica_sets).size() == 2);
  CHECK(w.views<views::pod>(of::pods).size() == 3);
  roll("nginx");
  CHECK(w.views<views::replica_set>(of::replica_sets).size() == 2);
  auto d = w.api.get("apps", "v1", "deployments", ns, "web").body;
  CHECK(d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3");
  CHECK(d["status"]["updatedReplicas"] == 3);
}

TEST_CASE("pipeline: a silent node is tainted and its pods are evicted") {
  auto w = running();
  auto node = [&] {
    for (const auto& n : w.views<views::node>(of::nodes, ""))
      if (n.meta.name == "n1")
        return n;
    throw std::runtime_error("no node");
  };
  auto pods = [&] {
    auto all = w.views<views::pod>(of::pods);
    std::erase_if(all, [](const auto& p) { return p.node != "n1"; });
    return all;
  };
  w.settle([&] {
    return lease::plan_node(
      {.now = w.api.now, .node = node(), .last_heard = w.api.now - 60s, .pods = pods()});
  });
  CHECK(views::find(node().conditions, "Ready")->status == "Unknown");
  CHECK(node().taints.size() == 2);
  REQUIRE_FALSE(pods().empty());
  CHECK_FALSE(pods()[0].ready());
  auto evicting = node().taints;
  std::erase_if(evicting, [](const auto& t) { return t.effect != "NoExecute"; });
  auto orders = lease::plan_eviction({.now = w.api.now, .taints = evicting, .pod = pods()[0]});
  REQUIRE(orders.size() == 1); // the pipeline put 300 seconds on it
  CHECK(std::get<again>(orders[0]).after <= 300s);
  w.perform(lease::plan_eviction({.now = w.api.now + 301s, .taints = evicting, .pod = pods()[0]}));
  CHECK(pods()[0].meta.deleted);
}

TEST_CASE("pipeline: namespaces get their defaults, and go when they are empty") {
  real_api w;
  REQUIRE(w.api
            .post("", "v1", "namespaces", "",
                  {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "doomed"}}}})
            .code
          == 201);
  auto doomed = [&]() -> std::optional<views::name_space> {
    for (const auto& n : w.views<views::name_space>(of::namespaces, ""))
      if (n.meta.name == "doomed")
        return n;
    return std::nullopt;
  };
  w.settle([&] {
    defaults::observed o{
      .ns = *doomed(), .has_account = !w.list(of::service_accounts, "doomed").empty(), .ca = "PEM"};
    for (const auto& m : w.list(of::config_maps, "doomed")) {
      o.root_ca = m.meta;
      o.root_ca_text = "PEM";
    }
    return defaults::plan(o);
  });
  REQUIRE(w.api.remove("", "v1", "namespaces", "", "doomed").code == 200);
  for (int i = 0; i < 6 && doomed(); ++i) {
    name_space::observed o{.now = w.api.now, .ns = *doomed()};
    for (const auto& r : {of::config_maps, of::service_accounts, of::pods})
      if (auto n = static_cast<std::int64_t>(w.list(r, "doomed").size()); n > 0)
        o.contents.push_back({.of = r, .objects = n, .untouched = n});
    w.perform(name_space::plan(o));
  }
  CHECK_FALSE(doomed());
}

TEST_CASE("pipeline: a foreground deletion takes the whole family, dependents first") {
  auto w = running();
  collector::graph g{
    [](std::string_view, std::string_view kind) -> std::optional<collector::kind_info> {
      if (kind == "Deployment")
        return collector::kind_info{of::deployments, true};
      return collector::kind_info{of::replica_sets, true};
    }};
  std::map<std::string, collector::identity> told;
  std::map<std::string, api::metadata> now;
  auto tell = [&] {
    now.clear();
    std::map<std::string, collector::identity> there;
    for (const auto& r : {of::deployments, of::replica_sets, of::pods})
      for (const auto& o : w.list(r, ns)) {
        g.put(r, o.meta);
        now[o.meta.uid] = o.meta;
        there[o.meta.uid] = {r, o.meta.ns, o.meta.name, o.meta.uid};
      }
    for (const auto& [uid, who] : told)
      if (!there.contains(uid))
        g.gone(uid);
    told = there;
  };
  tell();
  auto r = request_of(remove{.at = {.of = of::deployments, .ns = ns, .name = "web"},
                             .propagate = api::propagation::foreground});
  r->from = {.name = "admin", .groups = {"system:masters"}, .uid = {}};
  REQUIRE(w.api.run(*r).code < 300);
  for (int i = 0; i < 20 && !told.empty(); ++i) {
    tell();
    while (auto who = g.next())
      if (auto o = collector::observe(g, *who, [&](const collector::identity& id) {
            auto found = now.find(id.uid);
            return found == now.end() ? std::nullopt : std::optional{found->second};
          }))
        for (const auto& a : collector::plan(*o)) {
          auto request = request_of(a);
          request->from = {.name = "admin", .groups = {"system:masters"}, .uid = {}};
          auto answer = w.api.run(*request);
          CAPTURE(answer.text);
          CHECK((answer.code < 300 || answer.code == 404 || answer.code == 409));
        }
    for (const auto& p : w.views<views::pod>(of::pods))
      if (p.meta.deleted)
        w.perform({remove{.at = at(of::pods, p.meta), .grace = 0}});
  }
  CHECK(w.list(of::deployments, ns).empty());
  CHECK(w.list(of::replica_sets, ns).empty());
  CHECK(w.list(of::pods, ns).empty());
}

TEST_CASE("pipeline: events are accepted") {
  real_api w;
  emit e{.about = {.of = of::pods, .ns = ns, .name = "p", .uid = "u"},
         .api_version = "v1",
         .object_kind = "Pod",
         .reason = "Scheduled",
         .message = "Successfully assigned default/p to n"};
  resource events{"", "v1", "events"};
  w.perform(
    {create{.of = events,
            .ns = ns,
            .name = "p.1",
            .body = event_body(e, "default-scheduler", "p.1", w.api.now, w.api.now, 1)},
     patch{.at = {.of = events, .ns = ns, .name = "p.1"},
           .body = json{{"count", 2}, {"lastTimestamp", api::format_time(w.api.now)}}.dump()}});
  CHECK(w.api.get("", "v1", "events", ns, "p.1").body["count"] == 2);
}

} // namespace
} // namespace troupe::control
