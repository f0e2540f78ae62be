#include "actors/api/server/access.hpp"

#include "actors/api/server/state.hpp"

#include <nlohmann/json.hpp>

namespace troupe::api_server {
namespace {

constexpr duration again_after = 100ms;

void pull(pointer self, std::uint64_t subscription);

void begin_again(pointer self) {
  self->after(again_after, resume{[self] { follow_policy(self); }});
}

/// All there is, then what changes.
void begin_with(pointer self, const storage::followed& f) {
  storage::get_view all{.how = storage::get_view::freshness::not_older_than, .at = f.at};
  self->ask(self->state.with.replica, all, client::call_deadline)
    .then([self, id = f.subscription](result<storage::viewed> v) {
      if (!v) {
        self->tell(self->state.with.hub, storage::unfollow{id});
        return begin_again(self);
      }
      self->state.roles->sync(*v->of);
      pull(self, id);
    });
}

void pull(pointer self, std::uint64_t subscription) {
  self
    ->ask(self->state.with.hub, storage::next_changes{subscription, client::heartbeat},
          client::heartbeat + client::call_deadline)
    .then([self, subscription](result<storage::changes> news) {
      if (!news)
        return begin_again(self);
      for (const auto& c : news->list)
        self->state.roles->take(*c);
      pull(self, subscription);
    });
}

failure unauthorized() { return {.reason = reason::unauthorized, .message = "Unauthorized"}; }

api::response document(std::string text, std::string type) {
  api::response out;
  out.content_type = std::move(type);
  out.body = share(std::move(text));
  return out;
}

} // namespace

result<api::user> authenticate(api_state& s, const api::user& connected,
                               const api::credentials& shown, instant now,
                               const store::view& view) {
  auto real = connected;
  if (!shown.token.empty()) {
    const auto& tokens = s.with.tokens;
    auto claims = tokens ? s.token_reader.read(*tokens, shown.token)
                         : result<authn::token_claims>{unauthorized()};
    if (!claims)
      return unauthorized();
    auto user = authn::check(*claims, tokens->audiences, now, view);
    if (!user)
      return unauthorized();
    real = std::move(user->who);
  }
  if (shown.as) {
    if (authz::is_anonymous(real))
      return unauthorized();
    return authz::impersonate(real, *shown.as, view, *s.roles);
  }
  return real;
}

void follow_policy(pointer self) {
  if (!self->state.with.hub)
    return;
  self
    ->ask(self->state.with.hub,
          storage::follow{std::string{authz::policy_prefix}, false, std::nullopt},
          client::call_deadline)
    .then([self](result<storage::followed> f) {
      if (!f)
        return begin_again(self);
      begin_with(self, *f);
    });
}

std::optional<api::response> identity_document(const authn::token_authority_ptr& tokens,
                                               std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (!tokens)
    return std::nullopt;
  if (path == "/openid/v1/jwks")
    return document(pki::key_set(tokens->verifies), "application/jwk-set+json");
  if (path != "/.well-known/openid-configuration")
    return std::nullopt;
  nlohmann::json about{{"issuer", tokens->issuer},
                       {"jwks_uri", tokens->key_set_address},
                       {"response_types_supported", {"id_token"}},
                       {"subject_types_supported", {"public"}},
                       {"id_token_signing_alg_values_supported", {"ES256"}}};
  return document(about.dump(), "application/json");
}

} // namespace troupe::api_server
