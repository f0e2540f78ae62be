#include "actors/api/server/server.hpp"

#include "actors/api/auth/authorize.hpp"
#include "actors/api/server/access.hpp"
#include "actors/api/server/state.hpp"
#include "actors/api/server/streams.hpp"
#include "actors/kernel/links.hpp"

#include <nlohmann/json.hpp>

namespace troupe::api_server {
namespace {

constexpr duration tidy_every = 10s;

/// What comes over a link speaks as its peer and carries no fence.
void stamp(pointer self, api::request& r) {
  auto peer = kernel::current_peer(*self);
  if (!peer)
    return;
  r.fence.reset();
  r.shown = {};
  r.from = peer->role == kernel::role::node
             ? api::user{.name = "system:node:" + peer->name,
                         .groups = {"system:nodes", "system:authenticated"},
                         .uid = {}}
             : authz::internal_user("master:" + peer->name);
}

/// The failure that a Status tells.
failure failure_of(const api::response& r) {
  auto told = nlohmann::json::parse(r.body ? *r.body : std::string{}, nullptr, false);
  if (!told.is_object())
    return {.reason = reason_of(r.code), .message = "refused"};
  failure out{.reason = reason_of(r.code, told.value("reason", "")),
              .message = told.value("message", "refused")};
  auto details = told.value("details", nlohmann::json::object());
  for (const auto& c : details.value("causes", nlohmann::json::array()))
    out.causes.push_back({c.value("field", ""), c.value("reason", ""), c.value("message", "")});
  out.retry_after_seconds = details.value("retryAfterSeconds", 0U);
  return out;
}

worker_actor::behavior_type worker(pointer self, const dependencies& with) {
  self->state = api_state{with, self->process().random(self->path())};
  self->after(tidy_every, tidy_streams{});
  follow_policy(self);
  return {
    [self](const client::call& m) -> kernel::reply<client::called> {
      auto to = self->promise<client::called>();
      auto what = m.what;
      stamp(self, what);
      bool remote = kernel::current_peer(*self).has_value();
      run_request(self, what, client::call_deadline - 1s, [to, what, remote](settled s) mutable {
        if (auto* answer = std::get_if<api::response>(&s)) {
          if (remote && answer->rest) // a link carries values only
            answer->body = api::whole_body(*answer);
          return to.answer(client::called{std::move(*answer)});
        }
        to.answer(client::called{api::status_of(
          {.reason = reason::bad_request, .message = "a watch was asked for as a call"}, what)});
      });
      return to;
    },
    [self](const client::open_watch& m) -> kernel::reply<client::watch_opened> {
      auto to = self->promise<client::watch_opened>();
      auto what = m.what;
      stamp(self, what);
      run_request(self, std::move(what), client::call_deadline - 1s, [self, to](settled s) mutable {
        if (auto* answer = std::get_if<api::response>(&s))
          return to.answer(failure_of(*answer));
        open_stream(self, std::move(std::get<opened>(s)), to);
      });
      return to;
    },
    [self](const client::next_events& m) -> kernel::reply<client::events> {
      auto to = self->promise<client::events>();
      pull_stream(self, m.stream, to);
      return to;
    },
    [self](const client::close_watch& m) { close_stream(self, m.stream); },
    [](const resume& m) { m.what(); },
    [self](const tidy_streams&) {
      tidy_all_streams(self);
      self->after(tidy_every, tidy_streams{});
    },
  };
}

} // namespace

client::api_actor spawn_api(const kernel::place& at, dependencies with) {
  return kernel::spawn<worker_actor, api_state>(at.with_mailbox(65'536), worker, std::move(with));
}

} // namespace troupe::api_server
