// An API on a replica that lags: what was written elsewhere comes here when the test says so.
#pragma once

#include "actors/api/http/mapping.hpp"
#include "actors/api/server/server.hpp"
#include "actors/storage/hub.hpp"
#include "tests/support/api_world.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

#include <list>

namespace troupe::api_server {

/// Looks whether what was asked for can be answered. The replica tells it to itself.
struct look {
  using local_only = void;
};
using replica_interface = storage::replica_actor::extend<proto::tell<look>>;

/// The replica as its protocol promises it (actors/storage/protocol.hpp), of a store that shows the
/// changes up to `shown` only.
struct lagging_replica {
  support::api_world& world;
  revision shown;
  revision compacted;

  using pointer = kernel::self_ptr<replica_interface, kernel::stateless>;
  struct waiting {
    kernel::promise<storage::viewed> to;
    revision at{};
    bool exact = false;
    instant deadline{};
    reason too_late = reason::timeout;
  };
  std::list<waiting> views{};

  bool serve(waiting& w) {
    if (shown < w.at)
      return false;
    if (w.exact && w.at < compacted)
      w.to.answer(failure{.reason = reason::expired, .message = "compacted"});
    else
      w.to.answer(storage::viewed{world.store.view(w.exact ? w.at : shown)});
    return true;
  }
  kernel::reply<storage::viewed> serve_or_wait(pointer self, waiting w, duration patience) {
    auto to = w.to = self->promise<storage::viewed>();
    w.deadline = self->now() + patience;
    if (!serve(w))
      views.push_back(std::move(w));
    return to;
  }
  kernel::reply<storage::viewed> take_view(pointer self, const storage::get_view& m) {
    using how = storage::get_view::freshness;
    switch (m.how) {
    case how::any: return storage::viewed{world.store.view(shown)};
    case how::not_older_than: return serve_or_wait(self, {.to = {}, .at = m.at}, 3s);
    case how::linearizable: break;
    }
    return serve_or_wait(self, {.to = {}, .at = world.store.at(), .too_late = reason::unavailable},
                         5s);
  }
  void look_around(pointer self) {
    views.remove_if([&](waiting& w) {
      if (serve(w))
        return true;
      if (self->now() < w.deadline)
        return false;
      w.to.answer(failure{.reason = w.too_late, .message = "it has not come here"});
      return true;
    });
    self->after(10ms, look{});
  }

  storage::replica_actor spawn(const kernel::place& at) {
    return kernel::spawn<replica_interface, kernel::stateless>(
      at, [this](pointer self) -> replica_interface::behavior_type {
        self->after(10ms, look{});
        return {
          [](const storage::transact&) -> kernel::reply<storage::transacted> {
            return kernel::answer(failure{.reason = reason::unavailable, .message = "no leader"});
          },
          [this, self](const storage::get_view& m) { return take_view(self, m); },
          [this, self](const storage::get_view_at& m) {
            return serve_or_wait(self, {.to = {}, .at = m.at, .exact = true}, 3s);
          },
          [](const storage::get_history&) -> kernel::reply<storage::history_of> {
            return kernel::answer(failure{.reason = reason::unavailable, .message = "none here"});
          },
          [](const storage::get_leadership&) -> kernel::reply<storage::leadership> {
            return storage::leadership{};
          },
          [this, self](const look&) { look_around(self); },
        };
      });
  }
};

/// A master whose replica lags, asked as over HTTP.
struct lagging_master {
  support::api_world world;
  deterministic actors;
  lagging_replica state{world, world.store.at(), world.store.at()};
  storage::replica_actor replica = state.spawn(actors.at("replica"));
  storage::hub_handles hub = storage::spawn_watch_hub(
    actors.at("hub"), {.replica = replica, .reader = {}, .limits = {}, .bugs = {}});
  client::api_actor api = spawn_api(
    actors.at("api"),
    {.replica = replica, .hub = hub.hub, .catalog = world.catalog, .pages = nullptr, .set = {}});
  revision published = state.shown;

  lagging_master() {
    actors.tell(hub.feed, storage::replaced{state.shown, state.compacted});
    actors.settle();
  }

  /// All that was written comes here.
  void arrive() {
    storage::published news{.changes = {}, .last = world.store.at(), .compacted = state.compacted};
    for (const auto& c : world.store.changes())
      if (c.at > published)
        news.changes.push_back(std::make_shared<const store::change>(c));
    state.shown = published = world.store.at();
    actors.tell(hub.feed, std::move(news));
  }

  /// GET of `target` as an administrator: the request, or why there is none.
  result<api::request> request(const std::string& target) const {
    auto out =
      http::to_api({.method = "GET", .target = target, .fields = {}, .body = {}, .from = {}});
    if (out)
      out->from = {.name = "admin", .groups = {"system:masters"}, .uid = {}};
    return out;
  }
  /// Get and list; refusals are as the edge answers them.
  support::answer get(const std::string& target) {
    auto what = request(target);
    if (!what)
      return support::api_world::read(api::status_of(what.error(), api::request{}));
    auto got = actors.ask<client::called>(api, client::call{*what}, 20s);
    REQUIRE(got);
    return support::api_world::read(got->answer);
  }
  result<std::uint64_t> open_watch(const std::string& target) {
    OR_RETURN(auto what, request(target));
    OR_RETURN(auto opened, actors.ask<client::watch_opened>(api, client::open_watch{what}, 20s));
    return opened.stream;
  }
  /// The events that a watch is told until `until`, or its end.
  std::vector<api::event> events(std::uint64_t stream, instant until) {
    std::vector<api::event> out;
    while (actors.now() < until) {
      auto news = actors.ask<client::events>(api, client::next_events{stream}, 20s);
      if (!news)
        break;
      out.insert(out.end(), news->list.begin(), news->list.end());
      if (news->ended)
        break;
    }
    return out;
  }
};

} // namespace troupe::api_server
