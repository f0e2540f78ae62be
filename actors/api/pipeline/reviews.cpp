// Questions that are asked by creating an object which is never stored.
#include "actors/api/auth/authorize.hpp"
#include "actors/api/pipeline/answer.hpp"
#include "actors/api/pipeline/body.hpp"

namespace troupe::pipeline {
namespace {

api::verb verb_of(const std::string& text) {
  using api::verb;
  return text == "get"                ? verb::get
         : text == "list"             ? verb::list
         : text == "watch"            ? verb::watch
         : text == "create"           ? verb::create
         : text == "update"           ? verb::update
         : text == "patch"            ? verb::patch
         : text == "delete"           ? verb::remove
         : text == "deletecollection" ? verb::remove_collection
                                      : verb::update; // a verb of its own: what a writer may do
}

/// Whether `who` may do what the attributes say.
json access(const context& c, const json& spec, api::user who) {
  api::request asked;
  asked.from = std::move(who);
  auto at = spec.find("resourceAttributes");
  if (at != spec.end() && at->is_object()) {
    asked.verb = verb_of(at->value("verb", ""));
    asked.group = at->value("group", "");
    asked.version = at->value("version", "");
    asked.resource = at->value("resource", "");
    asked.subresource = at->value("subresource", "");
    asked.ns = at->value("namespace", "");
    asked.name = at->value("name", "");
  } else {
    const auto path = spec.value("nonResourceAttributes", json::object());
    asked.verb = api::verb::document;
    asked.path = path.value("path", "");
  }
  auto allowed = authz::authorize(asked, c.view);
  json status{{"allowed", allowed.has_value()}};
  if (!allowed)
    status["reason"] = allowed.error().message;
  return status;
}

api::user user_in(const json& spec) {
  api::user out{.name = spec.value("user", ""), .groups = {}, .uid = spec.value("uid", "")};
  for (const auto& g : spec.value("groups", json::array()))
    if (g.is_string())
      out.groups.push_back(g.get<std::string>());
  return out;
}

json user_info(const api::user& u) {
  json out{{"username", u.name}};
  if (!u.groups.empty())
    out["groups"] = u.groups;
  if (!u.uid.empty())
    out["uid"] = u.uid;
  return out;
}

} // namespace

bool is_review(const schema::resource& of) {
  return (of.group == "authorization.k8s.io"
          && (of.plural == "selfsubjectaccessreviews" || of.plural == "subjectaccessreviews"
              || of.plural == "localsubjectaccessreviews"
              || of.plural == "selfsubjectrulesreviews"))
         || (of.group == "authentication.k8s.io" && of.plural == "selfsubjectreviews");
}

result<step> answer_review(context& c) {
  OR_RETURN(auto tree, decode_body(c, c.of));
  const auto spec = tree.value("spec", json::object());
  tree["metadata"]["creationTimestamp"] = nullptr;
  tree["metadata"].erase("creationTimestamp");
  if (c.of.plural == "selfsubjectreviews") {
    tree["metadata"]["creationTimestamp"] = api::format_time(c.env.now);
    tree["status"] = {{"userInfo", user_info(c.request.from)}};
  } else if (c.of.plural == "selfsubjectrulesreviews") {
    auto all =
      access(c, {{"resourceAttributes", {{"verb", "delete"}, {"resource", "*"}, {"group", "*"}}}},
             c.request.from)["allowed"]
        .get<bool>();
    auto star = json::array({"*"});
    auto rules = all ? json::array({{{"verbs", star}, {"apiGroups", star}, {"resources", star}}})
                     : json::array();
    auto paths = all ? json::array({{{"verbs", star}, {"nonResourceURLs", star}}}) : json::array();
    tree["status"] = {{"incomplete", !all}, {"resourceRules", rules}, {"nonResourceRules", paths}};
  } else {
    auto self = c.of.plural == "selfsubjectaccessreviews";
    tree["status"] = access(c, spec, self ? c.request.from : user_in(spec));
  }
  form shown{c.env.catalog, &c.of, c.of.of, c.request.answer, c.env.now};
  return step{finished{answer_object(shown, api::encode(tree), {}, 201)}};
}

} // namespace troupe::pipeline
