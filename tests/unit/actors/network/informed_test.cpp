// The network actor behind real informers and a supervisor: as it is wired in a node.
#include "actors/kernel/supervisor.hpp"
#include "actors/network/network.hpp"
#include "tests/support/deterministic.hpp"
#include "tests/unit/actors/network/objects.hpp"

#include <map>

namespace troupe::network {
namespace {

struct happens {
  using local_only = void;
  std::string resource;
  api::event what;
};
using scripted_api = client::api_actor::extend<proto::tell<happens>>;

/// Serves watches from an empty start, nothing else.
struct scripted_state {
  scripted_state() = default;
  struct stream {
    std::string resource;
    std::vector<api::event> waiting;
    kernel::promise<client::events> asker;
  };
  std::map<std::uint64_t, stream> streams;
};
using pointer = kernel::self_ptr<scripted_api, scripted_state>;

scripted_api::behavior_type serve(pointer self) {
  return {
    [](const client::call&) -> kernel::reply<client::called> {
      return kernel::answer(
        failure{.reason = reason::method_not_allowed, .message = "only watches"});
    },
    [self](const client::open_watch& m) -> kernel::reply<client::watch_opened> {
      auto id = self->state.streams.size() + 1;
      auto empty = std::make_shared<api::object>(*service("bookmark", "None"));
      auto& made = self->state.streams[id];
      made.resource = m.what.resource;
      made.waiting = {{.what = api::event::kind::bookmark, .of = empty, .why = {}}};
      return client::watch_opened{id};
    },
    [self](const client::next_events& m) -> kernel::reply<client::events> {
      auto& from = self->state.streams[m.stream];
      if (!from.waiting.empty())
        return client::events{std::exchange(from.waiting, {}), false};
      return from.asker = self->promise<client::events>();
    },
    [](const client::close_watch&) {},
    [self](const happens& m) {
      for (auto& [id, to] : self->state.streams) {
        if (to.resource != m.resource)
          continue;
        if (to.asker.open())
          to.asker.answer(client::events{{m.what}, false});
        else
          to.waiting.push_back(m.what);
      }
    },
  };
}

struct last_rules final : netd::proxy {
  std::vector<netd::route_changes> seen;
  result<void> apply(const netd::route_changes& changes) override {
    seen.push_back(changes);
    return {};
  }
  result<void> verify() override { return {}; }
  result<void> close() override { return {}; }
};

TEST_CASE("network actor: behind informers it hears of everything, also after its death") {
  deterministic world;
  auto api = kernel::spawn<scripted_api, scripted_state>(world.at("api"), serve);
  auto informer = [&](const std::string& resource) {
    client::informer_settings with;
    with.what.version = "v1";
    with.what.resource = resource;
    with.servers = {api};
    return client::spawn_informer(world.at(resource), with);
  };
  auto rules = std::make_shared<last_rules>();
  network_dependencies with{.services = informer("services"),
                            .slices = informer("endpointslices"),
                            .nodes = {},
                            .drivers = {.proxy = rules, .pods = {}},
                            .pool = world.world.make_pool(world.process),
                            .node = {}};
  auto root = kernel::spawn_supervisor(
    {.process = world.process, .path = {}},
    {.children = {{.name = "network",
                   .spawn = [with](const kernel::place& at) { return spawn_network(at, with); }}}});
  world.advance(10ms);
  REQUIRE(rules->seen.size() == 1);
  CHECK(rules->seen[0].whole);
  CHECK(rules->seen[0].services.empty());
  world.tell(api, happens{"services", added(service("web", "10.96.0.20"))});
  world.advance(3ms);
  REQUIRE(rules->seen.size() == 2);
  CHECK(rules->seen[1].services.contains("default/web"));
  // The actor dies, and its next incarnation asks for the whole.
  REQUIRE(world.process->kill("network").has_value());
  world.advance(1s);
  REQUIRE(rules->seen.size() == 3);
  CHECK(rules->seen[2].whole);
  CHECK(rules->seen[2].services.contains("default/web"));
  world.tell(api, happens{"endpointslices", added(slice("web-1", "web", "10.244.1.2"))});
  world.advance(3ms);
  REQUIRE(rules->seen.size() == 4);
  CHECK(rules->seen[3].services.at("default/web")->at(0).endpoints.size() == 1);
}

} // namespace
} // namespace troupe::network
