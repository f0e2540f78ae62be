#include "actors/main/join/door.hpp"

#include "actors/api/auth/authorize.hpp"
#include "actors/api/http/mapping.hpp"
#include "actors/kernel/actor.hpp"
#include "actors/storage/replica.hpp"

#include <nlohmann/json.hpp>

namespace troupe::join {
namespace {

constexpr std::size_t at_once = 64;
constexpr std::size_t max_body = 64U << 10;
constexpr duration admit_within = 10s; // of a master: until the cluster counts it
constexpr duration again_after = 200ms;

/// One machine at the door.
struct visit {
  token shown;
  request asks;
  instant deadline{};
  http::responder to;
};
using visit_ptr = std::shared_ptr<const visit>;

struct try_again { // the actor's own
  using local_only = void;
  visit_ptr who;
};
using inside_actor = door_actor::extend<proto::tell<try_again>>;

struct door_state {
  door_state() = default;
  door_dependencies with;
  std::size_t inside = 0; // visits under way
};
using pointer = kernel::self_ptr<inside_actor, door_state>;

void dismiss(pointer self, const visit& v, const failure& why) {
  --self->state.inside;
  v.to.answer(http::failure_response(why));
}

void hand_over(pointer self, const visit& v) {
  auto& with = self->state.with;
  auto cert = certify(with.secrets->ca, v.asks, self->now());
  if (!cert)
    return dismiss(self, v, cert.error());
  bool master = v.asks.role == role::master;
  answer out{.certificate = cert->to_pem(),
             .ca = with.secrets->ca.cert().to_pem(),
             .settings = master ? with.settings_of_masters : with.settings_of_nodes,
             .masters = with.masters(),
             .secrets = {}};
  // Named among the masters it would think that it founds the cluster.
  std::erase_if(out.masters, [&](const auto& m) { return storage::name_of(m) == v.asks.name; });
  if (master)
    out.secrets = to_files(*with.secrets);
  --self->state.inside;
  v.to.answer({.code = 200,
               .fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
               .body = share(encode(out)),
               .source = {}});
}

/// The cluster takes one at a time: while another comes in, it is asked again.
void admit_master(pointer self, const visit_ptr& v) {
  auto host =
    v->asks.address.find(':') == std::string::npos ? v->asks.address : "[" + v->asks.address + "]";
  storage::ask_to_join asks{storage::member_of(v->asks.name),
                            v->asks.name + "=" + host + ":" + std::to_string(v->asks.link_port)};
  self->ask(self->state.with.replica, asks, admit_within)
    .then([self, v](result<storage::join_answered> r) {
      if (r && r->accepted)
        return hand_over(self, *v);
      if (self->now() + again_after < v->deadline)
        return self->after(again_after, try_again{v});
      dismiss(self, *v,
              {.reason = reason::unavailable,
               .message = "take in the master " + v->asks.name + ": "
                          + (r ? "the masters are being changed, or no majority of them is there"
                               : r.error().message),
               .causes = {},
               .retry_after_seconds = 1});
    });
}

void check_visit(pointer self, const visit_ptr& v, const result<client::called>& found) {
  if (!found)
    return dismiss(self, *v, found.error());
  const auto& said = found->answer;
  auto secret = said.code == 200 && said.body ? nlohmann::json::parse(*said.body, nullptr, false)
                                              : nlohmann::json{};
  if (said.code >= 500 || said.code == 429)
    return dismiss(self, *v,
                   {.reason = reason_of(said.code),
                    .message = "look the token up: HTTP code " + std::to_string(said.code),
                    .causes = {},
                    .retry_after_seconds = 1});
  if (!secret.is_object())
    secret = nlohmann::json::object();
  if (auto good = check(v->shown, secret, v->asks.role, self->now()); !good)
    return dismiss(self, *v, good.error());
  if (auto good = check_name(v->asks, self->state.with.known()); !good)
    return dismiss(self, *v, good.error());
  if (auto good = certify(self->state.with.secrets->ca, v->asks, self->now()); !good)
    return dismiss(self, *v, good.error()); // before anything is changed
  if (v->asks.role == role::master)
    return admit_master(self, v);
  hand_over(self, *v);
}

/// What can be said without looking anything up.
result<visit> visit_of(const http::request& what, const http::responder& to, instant now) {
  if (what.method != "POST")
    return failure{.reason = reason::method_not_allowed,
                   .message = "the server does not allow this method on the requested resource"};
  constexpr std::string_view scheme = "Bearer ";
  auto shown = what.fields.get("Authorization");
  auto t = shown.starts_with(scheme) ? parse_token(shown.substr(scheme.size()))
                                     : result<token>{failure{.reason = reason::unauthorized}};
  if (!t)
    return failure{.reason = reason::unauthorized,
                   .message = "Unauthorized: show a bootstrap token"};
  if (what.body.size() > max_body)
    return failure{.reason = reason::too_large,
                   .message = "read the request to join: it is too large"};
  OR_RETURN(auto asks, read_request(what.body));
  return visit{std::move(*t), std::move(asks), now + admit_within, to};
}

void knock(pointer self, const knocked& m) {
  auto& s = self->state;
  if (s.inside >= at_once)
    return m.to.answer(http::failure_response({.reason = reason::too_many_requests,
                                               .message = "too many machines are joining",
                                               .causes = {},
                                               .retry_after_seconds = 1}));
  auto read = visit_of(*m.what, m.to, self->now());
  if (!read)
    return m.to.answer(http::failure_response(read.error()));
  ++s.inside;
  auto v = std::make_shared<const visit>(std::move(*read));
  api::request r;
  r.verb = api::verb::get;
  r.version = "v1";
  r.resource = "secrets";
  r.ns = "kube-system";
  r.name = v->shown.secret_name();
  r.from = authz::internal_user("door");
  self->ask(s.with.api, client::call{std::move(r)}, client::call_deadline)
    .then([self, v](result<client::called> found) { check_visit(self, v, found); });
}

} // namespace

door_actor spawn_door(const kernel::place& at, door_dependencies with) {
  return kernel::spawn<inside_actor, door_state>(
    at,
    [](pointer self, door_dependencies d) -> inside_actor::behavior_type {
      self->state.with = std::move(d);
      return {[self](const knocked& m) { knock(self, m); },
              [self](const try_again& m) { admit_master(self, m.who); }};
    },
    std::move(with));
}

} // namespace troupe::join
