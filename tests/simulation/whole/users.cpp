#include "tests/simulation/whole/users.hpp"

#include "actors/api/pipeline/keys.hpp"
#include "tests/simulation/outside.hpp"

#include <nlohmann/json.hpp>

namespace troupe::sim {
namespace {

using nlohmann::json;

constexpr duration deadline = 15s;
constexpr std::size_t nobody = ~std::size_t{0}; // of a thing: the request is about none

json pod_spec(std::uint64_t grace) {
  return {{"terminationGracePeriodSeconds", grace},
          {"containers",
           json::array({{{"name", "main"},
                         {"image", "example.com/main:1"},
                         {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}}}}})}};
}

json deployment_of(const std::string& name, std::int64_t replicas, std::uint64_t surge,
                   std::uint64_t unavailable) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", {{"app", name}}}}},
            {"strategy",
             {{"type", "RollingUpdate"},
              {"rollingUpdate", {{"maxSurge", surge}, {"maxUnavailable", unavailable}}}}},
            {"template", {{"metadata", {{"labels", {{"app", name}}}}}, {"spec", pod_spec(2)}}}}}};
}

json service_of(const std::string& name, const std::string& app, bool node_port) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"type", node_port ? "NodePort" : "ClusterIP"},
            {"selector", {{"app", app}}},
            {"ports", json::array({{{"port", 80}, {"protocol", "TCP"}}})}}}};
}

} // namespace

users::users(cluster& c, const facts& known, std::size_t how_many) : c_(c), known_(known) {
  using kind = thing::kind;
  for (std::size_t i = 0; i < how_many; ++i) {
    auto mark = std::to_string(i);
    users_.push_back({.things = {{.what = kind::deployment, .name = "web" + mark},
                                 {.what = kind::deployment, .name = "job" + mark},
                                 {.what = kind::pod, .name = "bare" + mark},
                                 {.what = kind::service, .name = "web" + mark}},
                      .at = i % c.members.size()});
    later(i);
  }
}

void users::later(std::size_t who) {
  auto most = static_cast<std::uint64_t>(c_.with.think.count());
  c_.world.after(duration{c_.world.random().below(most)}, [this, who] { next(who); });
}

void users::next(std::size_t who) {
  if (stopped_)
    return;
  auto& u = users_[who];
  if (!c_.up(u.at) || c_.world.random().chance(1, 10))
    u.at = c_.world.random().below(c_.members.size());
  if (!c_.up(u.at))
    return later(who);
  if (c_.world.random().chance(1, 8))
    return remove_any_pod(who);
  auto which = c_.world.random().below(u.things.size());
  if (u.things[which].exists)
    change(who, which);
  else
    make(who, which);
}

api::request users::about(const thing& t, api::verb verb) const {
  api::request out;
  out.verb = verb;
  out.version = "v1";
  out.ns = "default";
  out.from = {.name = "admin", .groups = {"system:masters"}, .uid = {}};
  switch (t.what) {
  case thing::kind::deployment:
    out.group = "apps";
    out.resource = "deployments";
    break;
  case thing::kind::pod: out.resource = "pods"; break;
  case thing::kind::service: out.resource = "services"; break;
  }
  if (verb != api::verb::create)
    out.name = t.name;
  return out;
}

void users::make(std::size_t who, std::size_t which) {
  const auto& t = users_[who].things[which];
  auto& random = c_.world.random();
  auto what = about(t, api::verb::create);
  std::int64_t replicas = 0;
  switch (t.what) {
  case thing::kind::deployment: {
    replicas = static_cast<std::int64_t>(random.below(6));
    auto surge = random.below(3);
    what.body = deployment_of(t.name, replicas, surge, surge == 0 ? 1 : random.below(2)).dump();
    break;
  }
  case thing::kind::pod:
    what.body = json{{"apiVersion", "v1"},
                     {"kind", "Pod"},
                     {"metadata", {{"name", t.name}}},
                     {"spec", pod_spec(1)}}
                  .dump();
    break;
  case thing::kind::service: what.body = service_of(t.name, t.name, random.chance(1, 2)).dump();
  }
  ask_api(who, std::move(what), which, [replicas](thing& it) {
    it.exists = true;
    it.replicas = replicas;
    it.rolls = 0;
  });
}

void users::change(std::size_t who, std::size_t which) {
  auto dice = c_.world.random().below(100);
  if (users_[who].things[which].what != thing::kind::deployment)
    return dice < 30 ? remove(who, which) : later(who);
  if (dice < 50)
    scale(who, which);
  else if (dice < 85)
    roll(who, which);
  else
    remove(who, which);
}

void users::scale(std::size_t who, std::size_t which) {
  auto what = about(users_[who].things[which], api::verb::patch);
  auto replicas = static_cast<std::int64_t>(c_.world.random().below(8));
  if (c_.world.random().chance(1, 2))
    what.subresource = "scale";
  what.body = json{{"spec", {{"replicas", replicas}}}}.dump();
  ++c_.to.count["scalings"];
  ask_api(who, std::move(what), which, [replicas](thing& it) { it.replicas = replicas; });
}

void users::roll(std::size_t who, std::size_t which) {
  const auto& t = users_[who].things[which];
  auto what = about(t, api::verb::patch);
  auto number = t.rolls + 1;
  // Sometimes back to what it was: an old ReplicaSet is scaled up again.
  auto version = c_.world.random().chance(1, 4) ? std::uint64_t{1} : number + 1;
  json container = {{"name", "main"}, {"image", "example.com/main:" + std::to_string(version)}};
  what.patch = api::patch_type::strategic;
  what.body =
    json{{"spec", {{"template", {{"spec", {{"containers", json::array({container})}}}}}}}}.dump();
  ++c_.to.count["rolls"];
  ask_api(who, std::move(what), which, [number](thing& it) { it.rolls = number; });
}

void users::remove(std::size_t who, std::size_t which) {
  auto what = about(users_[who].things[which], api::verb::remove);
  what.options.propagate =
    c_.world.random().chance(1, 3) ? api::propagation::foreground : api::propagation::background;
  ++c_.to.count["removals"];
  ask_api(who, std::move(what), which, [](thing& it) { it.exists = false; });
}

/// Somebody else's pod goes, as kubectl delete pod does.
void users::remove_any_pod(std::size_t who) {
  auto all = known_.living_pods();
  std::erase_if(all, [](const auto& name) { return name.starts_with("bare"); });
  if (all.empty())
    return later(who);
  auto name = all[c_.world.random().below(all.size())];
  ++c_.to.count["pods removed"];
  ask_api(who, about({.what = thing::kind::pod, .name = name}, api::verb::remove), nobody,
          [](thing&) {});
}

void users::ask_api(std::size_t who, api::request what, std::size_t which, outcome then) {
  auto l = std::static_pointer_cast<whole_life>(c_.members[users_[who].at].now);
  auto workers = l->wires.workers();
  ++open_;
  ++started_;
  ask(c_.world, workers[c_.world.random().below(workers.size())], client::call{std::move(what)},
      deadline, [this, who, which, l, then = std::move(then)](const result<client::called>& r) {
        --open_;
        thing none;
        auto& t = which == nobody ? none : users_[who].things[which];
        bool nothing_done = !r ? l->process->alive()
                                   && (r.error().reason == reason::unavailable
                                       || r.error().reason == reason::too_many_requests)
                               : r->answer.code != 504 && r->answer.code >= 300;
        if (r && r->answer.code < 300) {
          ++succeeded_;
          ++c_.to.count["requests"];
          then(t);
        } else if (nothing_done) {
          ++c_.to.count["requests refused"];
          if (r && (r->answer.code == 404 || r->answer.code == 409) && !t.sure)
            t.exists = r->answer.code == 409;
        } else {
          ++c_.to.count["requests without outcome"];
          t.sure = false;
        }
        later(who);
      });
}

void users::check_promises() const {
  for (const auto& u : users_)
    for (const auto& t : u.things) {
      if (!t.sure)
        continue;
      ++c_.to.count["promises checked"];
      bool there = t.what == thing::kind::pod       ? known_.pod(t.name) != nullptr
                   : t.what == thing::kind::service ? known_.has_service(t.name)
                                                    : known_.deployment(t.name) != nullptr;
      bool evicted = t.what == thing::kind::pod && !there; // by its node's taints
      if (there != t.exists && !evicted)
        c_.to.violation(t.name
                        + (t.exists ? " was promised and is gone" : " was deleted and is there"));
      else if (there && t.what == thing::kind::deployment
               && known_.deployment(t.name)->replicas != t.replicas)
        c_.to.violation(t.name + " was scaled to " + std::to_string(t.replicas) + " and wants "
                        + std::to_string(known_.deployment(t.name)->replicas));
    }
}

} // namespace troupe::sim
