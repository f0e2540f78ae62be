#include "actors/api/policy/keeper.hpp"

#include "actors/api/auth/authorize.hpp"
#include "actors/kernel/actor.hpp"
#include "config/bootstrap/policy.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <map>

namespace troupe::policy {
namespace {

using nlohmann::json;

constexpr duration again_after = 500ms;
constexpr std::size_t writes_at_once = 16;
constexpr std::array<const char*, 4> kinds{"clusterroles", "roles", "clusterrolebindings",
                                           "rolebindings"};

struct keeper_state {
  keeper_state() = default;
  client::api_actor api;
  std::vector<json> wanted;
  std::map<std::string, json> there; // by plural, namespace and name
  std::vector<api::request> writes;  // of this round
  std::size_t next = 0;              // of them
  std::size_t under_way = 0;
  bool failed = false; // one of them
};
using pointer = kernel::self_ptr<keeper_actor, keeper_state>;

std::string plural_of(const json& o) {
  auto kind = o.at("kind").get<std::string>();
  for (char& c : kind)
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return kind + "s";
}

std::string key_of(std::string_view plural, const json& o) {
  const auto& meta = o.at("metadata");
  return std::string{plural} + "/" + meta.value("namespace", "") + "/" + meta.value("name", "");
}

api::request request(pointer self, api::verb verb, std::string plural) {
  api::request out;
  out.verb = verb;
  out.group = "rbac.authorization.k8s.io";
  out.version = "v1";
  out.resource = std::move(plural);
  out.from = authz::internal_user("policy");
  out.fence = self->fence();
  return out;
}

/// What brings one object to what it should be; nothing when it is.
std::optional<api::request> write_of(pointer self, const json& wanted) {
  auto plural = plural_of(wanted);
  auto found = self->state.there.find(key_of(plural, wanted));
  auto exists = found != self->state.there.end();
  auto body = bootstrap::reconciled(wanted, exists ? found->second : json(nullptr));
  if (body.is_null())
    return std::nullopt;
  auto out = request(self, exists ? api::verb::patch : api::verb::create, plural);
  out.ns = wanted.at("metadata").value("namespace", "");
  if (exists) {
    out.name = wanted.at("metadata").at("name").get<std::string>();
    out.patch = api::patch_type::merge;
    body["metadata"]["resourceVersion"] = found->second.at("metadata").at("resourceVersion");
  }
  out.body = body.dump();
  return out;
}

void write_on(pointer self) {
  auto& s = self->state;
  while (s.next < s.writes.size() && s.under_way < writes_at_once) {
    ++s.under_way;
    self->ask(s.api, client::call{s.writes[s.next++]}, client::call_deadline)
      .then([self](result<client::called> r) {
        auto& now = self->state;
        --now.under_way;
        now.failed |= !r || (r->answer.code >= 300 && r->answer.code != 409);
        write_on(self);
      });
  }
  if (s.under_way == 0 && s.failed) // a namespace is not there yet, or nobody leads
    self->after(again_after, reconcile{});
}

void plan(pointer self) {
  auto& s = self->state;
  s.writes.clear();
  s.next = 0;
  s.failed = false;
  for (const auto& w : s.wanted)
    if (auto write = write_of(self, w))
      s.writes.push_back(std::move(*write));
  s.there.clear();
  write_on(self);
}

/// Reads kind after kind, then plans.
void look(pointer self, std::size_t kind) {
  if (kind == kinds.size())
    return plan(self);
  self
    ->ask(self->state.api, client::call{request(self, api::verb::list, kinds[kind])},
          client::call_deadline)
    .then([self, kind](result<client::called> r) {
      auto list =
        r && r->answer.code == 200 ? json::parse(*r->answer.body, nullptr, false) : json();
      if (!list.is_object())
        return self->after(again_after, reconcile{});
      for (auto& item : list["items"])
        self->state.there[key_of(kinds[kind], item)] = item;
      look(self, kind + 1);
    });
}

} // namespace

keeper_actor spawn_keeper(const kernel::place& at, client::api_actor api) {
  return kernel::spawn<keeper_actor, keeper_state>(
    at,
    [](pointer self, client::api_actor to) -> keeper_actor::behavior_type {
      self->state.api = std::move(to);
      auto read = bootstrap::read_policy(bootstrap::policy_text());
      invariant(read.has_value(), "the bootstrap policy must be readable");
      self->state.wanted = std::move(*read);
      self->after(1ms, reconcile{});
      return {[self](const reconcile&) { look(self, 0); }};
    },
    std::move(api));
}

} // namespace troupe::policy
