// POST of a collection.
#include "actors/api/pipeline/create.hpp"

#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/change.hpp"
#include "actors/api/pipeline/owners.hpp"
#include "actors/api/rules/rules.hpp"

namespace troupe::pipeline {
namespace {

constexpr int most_name_attempts = 8;

/// A name of the client's or one made from generateName, free in this view.
result<std::string> choose_name(context& c, json& tree) {
  auto& meta = tree["metadata"];
  auto name = meta.value("name", "");
  auto base = meta.value("generateName", "");
  if (!name.empty())
    return name;
  if (base.empty()) {
    rules::field_errors errors;
    errors.required(rules::field_path{"metadata.name"}, "name or generateName is required");
    return rules::invalid(c.of, {}, errors);
  }
  for (int i = 0; i < most_name_attempts; ++i) {
    name = make_name(base, c.env.random);
    if (!c.view.get(c.key_in(c.request.ns, name)))
      break;
  }
  meta["name"] = name;
  return name;
}

/// What only the server may say about a new object.
result<void> set_system_fields(context& c, json& tree) {
  auto& meta = tree["metadata"];
  if (auto v = meta.find("resourceVersion"); v != meta.end() && *v != "" && *v != "0")
    return bad_request("resourceVersion should not be set on objects to be created");
  for (const char* key : {"resourceVersion", "selfLink", "managedFields", "deletionTimestamp",
                          "deletionGracePeriodSeconds", "generation"})
    meta.erase(key);
  meta["uid"] = make_uid(c.env.random);
  meta["creationTimestamp"] = api::format_time(c.env.now);
  if (counts_generation(c.of))
    meta["generation"] = 1;
  if (c.of.status_separate && c.of.plural != "nodes") // a kubelet registers with its status
    tree.erase("status");
  if (c.of.group.empty() && c.of.plural == "namespaces") {
    tree["spec"]["finalizers"] = json::array({"kubernetes"});
    tree["status"] = {{"phase", "Active"}};
  }
  if (c.of.plural == "certificatesigningrequests") { // who asks is not the client's to say
    auto& spec = tree["spec"];
    spec["username"] = c.request.from.name;
    spec["groups"] = c.request.from.groups;
    spec.erase("uid");
    spec.erase("extra");
    if (!c.request.from.uid.empty())
      spec["uid"] = c.request.from.uid;
  }
  return {};
}

} // namespace

result<step> create_object(context& c) {
  OR_RETURN(auto tree, decode_body(c, c.of));
  CHECK_RETURN(match_path(c, tree));
  return create_from(c, std::move(tree), std::nullopt);
}

result<step> create_from(context& c, json tree, std::optional<apply::managers> owners) {
  c.object_name = tree["metadata"].value("name", "");
  object_write w{.code = 201};
  auto sent = take_owners(tree);
  CHECK_RETURN(set_system_fields(c, tree));
  OR_RETURN(auto name, choose_name(c, tree));
  c.object_name = name;
  auto key = c.key_in(c.request.ns, name);
  w.what.when.push_back({.what = store::predicate::test::absent, .key = key, .at = {}});
  w.what.then.push_back({.what = store::operation::kind::put, .key = key, .value = {}});
  CHECK_RETURN(require_namespace(c, w.what));
  fill_in(c, tree);
  w.owners = owners ? apply::to_text(*owners) : record_change(c, sent, {}, nullptr, tree);
  CHECK_RETURN(mutate(c, admission::operation::create, tree, nullptr, w.what));
  CHECK_RETURN(validate(c, tree, nullptr));
  if (c.view.get(key))
    return failure{.reason = reason::already_exists,
                   .message = subject(c.of, name) + " already exists"};
  CHECK_RETURN(allocate(c, &tree, nullptr, w.what));
  CHECK_RETURN(validate_admission(c, admission::operation::create, &tree, nullptr, w.what));
  w.what.then.front().value = stored_bytes(c, tree, w.owners);
  w.tree = std::move(tree);
  return finish(c, std::move(w));
}

} // namespace troupe::pipeline
