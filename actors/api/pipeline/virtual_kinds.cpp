#include "actors/api/pipeline/virtual_kinds.hpp"

#include "actors/api/pipeline/answer.hpp"

#include <algorithm>
#include <array>

namespace troupe::pipeline {
namespace {

struct row {
  std::string_view group;
  std::string_view plural;
  std::string_view subresource;
  api::verb verb = api::verb::create;
  virtual_handler answer = nullptr;
};

constexpr std::string_view authentication = "authentication.k8s.io";
constexpr std::string_view authorization = "authorization.k8s.io";
constexpr auto create = api::verb::create;

constexpr std::array<row, 11> table{{
  {authentication, "selfsubjectreviews", "", create, review_self},
  {authentication, "tokenreviews", "", create, review_token},
  {authorization, "localsubjectaccessreviews", "", create, review_access},
  {authorization, "selfsubjectaccessreviews", "", create, review_access},
  {authorization, "selfsubjectrulesreviews", "", create, review_rules},
  {authorization, "subjectaccessreviews", "", create, review_access},
  {"", "bindings", "", create, bind_pod},
  {"", "pods", "binding", create, bind_pod},
  {"", "pods", "eviction", create, evict_pod},
  // The pod whose log is meant, for the edge that fetches the bytes from its node.
  {"", "pods", "log", api::verb::get, get_object},
  {"", "serviceaccounts", "token", create, request_token},
}};

} // namespace

virtual_handler virtual_kind(const context& c) {
  auto sub = c.sub ? c.sub->name : std::string_view{};
  auto found = std::find_if(table.begin(), table.end(), [&](const row& r) {
    return r.plural == c.of.plural && r.group == c.of.group && r.subresource == sub
           && r.verb == c.request.verb;
  });
  return found == table.end() ? nullptr : found->answer;
}

step answer_created(const context& c, const schema::resource& of, const json& tree,
                    bool from_view) {
  form shown{c.env.catalog, &of, of.of, c.request.answer, c.env.now};
  auto out = answer_object(shown, api::encode(tree), {}, 201);
  out.warnings = c.warnings;
  return finished{std::move(out), from_view};
}

} // namespace troupe::pipeline
