// PUT and PATCH: what becomes of the object that is there.
#include "actors/api/pipeline/update.hpp"

#include "actors/api/patch/patch.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/change.hpp"
#include "actors/api/pipeline/owners.hpp"
#include "actors/api/rules/rules.hpp"

#include <charconv>

namespace troupe::pipeline {
namespace {

void copy_member(json& to, const json& from, const char* key) {
  if (auto at = from.find(key); at != from.end())
    to[key] = *at;
  else
    to.erase(key);
}

/// resources and resizePolicy of the containers that both have.
void copy_resources(json& to, const json& from, const char* list) {
  if (!to.contains(list) || !from.contains(list))
    return;
  for (auto& mine : to[list])
    for (const auto& theirs : from[list])
      if (mine.value("name", "") == theirs.value("name", "")) {
        copy_member(mine, theirs, "resources");
        copy_member(mine, theirs, "resizePolicy");
      }
}

/// Keeps of the new tree only what its subresource may change.
void confine(const context& c, json& tree, const json& old) {
  auto name = c.sub ? c.sub->name : std::string_view{};
  if (name.empty()) {
    if (c.of.status_separate)
      copy_member(tree, old, "status");
    if (c.of.group.empty() && c.of.plural == "namespaces" && old.contains("spec"))
      tree["spec"]["finalizers"] = old["spec"].value("finalizers", json::array());
    return;
  }
  auto wanted = std::move(tree);
  tree = old;
  if (name == "status") {
    copy_member(tree, wanted, "status");
    if (c.of.group.empty() && (c.of.plural == "nodes" || c.of.plural == "pods"))
      for (const char* key : {"labels", "annotations"})
        copy_member(tree["metadata"], wanted["metadata"], key);
    return;
  }
  if (name == "approval") {
    if (auto status = wanted.find("status"); status != wanted.end())
      copy_member(tree["status"], *status, "conditions");
    return;
  }
  auto spec = wanted.find("spec");
  if (spec == wanted.end())
    return;
  if (name == "finalize") {
    copy_member(tree["spec"], *spec, "finalizers");
    copy_member(tree["metadata"], wanted["metadata"], "finalizers");
  } else if (name == "ephemeralcontainers") {
    copy_member(tree["spec"], *spec, "ephemeralContainers");
  } else if (name == "resize") {
    for (const char* list : {"containers", "initContainers"})
      copy_resources(tree["spec"], *spec, list);
  }
}

/// One more than the old object's when the spec differs.
void count_generation(const context& c, json& tree, const json& old) {
  if (!counts_generation(c.of))
    return;
  copy_member(tree["metadata"], old.at("metadata"), "generation");
  if (spec_changed(c, tree, old))
    tree["metadata"]["generation"] = old["metadata"].value("generation", std::int64_t{0}) + 1;
}

/// What the server alone decides, carried over from the old object.
void keep_system_fields(const context& c, json& tree, const json& old) {
  auto& meta = tree["metadata"];
  const auto& was = old.at("metadata");
  for (const char* key :
       {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
        "name", "namespace", "generateName"})
    copy_member(meta, was, key);
  for (const char* key : {"resourceVersion", "selfLink", "managedFields"})
    meta.erase(key);
  for (const char* key : {"labels", "annotations", "finalizers", "ownerReferences"})
    if (auto at = meta.find(key); at != meta.end() && at->empty())
      meta.erase(at);
  count_generation(c, tree, old);
}

bool has_entries(const json& tree, const char* key) {
  auto at = tree.find(key);
  return at != tree.end() && at->is_array() && !at->empty();
}

/// Whether a patch may say something of managedFields.
bool mentions_owners(const context& c, const json& document) {
  if (c.request.patch == api::patch_type::json)
    return true; // a pointer may lead anywhere
  return document.is_object() && document.contains("metadata") && document["metadata"].is_object()
         && document["metadata"].contains("managedFields");
}

/// Whether the new bytes differ from the old in the times of their managedFields at most.
bool only_times_differ(const std::string& now, std::string_view owners, const found& old) {
  const auto& was = *old.record->value;
  if (old.owners.empty() || now.size() != was.size() || owners.size() != old.owners.size())
    return false;
  auto start = static_cast<std::size_t>(old.owners.data() - was.data());
  auto end = start + owners.size();
  return now.compare(0, start, was, 0, start) == 0
         && now.compare(end, now.npos, was, end, was.npos) == 0
         && apply::same_but_times(owners, old.owners);
}

} // namespace

result<std::optional<revision>> version_in(const json& tree) {
  auto text = tree.at("metadata").value("resourceVersion", "");
  if (text.empty() || text == "0")
    return std::optional<revision>{};
  std::uint64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size())
    return bad_request("metadata.resourceVersion: Invalid value: \"" + text
                       + "\": must be an unsigned integer");
  return std::optional{static_cast<revision>(out)};
}

bool ready_to_go(const context& c, const json& tree) {
  const auto& meta = tree.at("metadata");
  if (!meta.contains("deletionTimestamp") || has_entries(meta, "finalizers"))
    return false;
  if (c.of.group.empty() && c.of.plural == "namespaces")
    return !tree.contains("spec") || !has_entries(tree["spec"], "finalizers");
  return meta.value("deletionGracePeriodSeconds", std::int64_t{0}) == 0;
}

result<step> replace_object(context& c, const found& old, replacement with) {
  object_write w{.before = old.version(), .client_version = with.client_version};
  auto& tree = with.tree;
  auto sent = take_owners(tree);
  auto key = old.record->key;
  w.what.when.push_back(
    {.what = store::predicate::test::modified_is, .key = key, .at = old.version()});
  w.what.then.push_back({.what = store::operation::kind::put, .key = key, .value = {}});
  confine(c, tree, old.tree);
  keep_allocations(c, tree, old.tree);
  fill_in(c, tree);
  keep_system_fields(c, tree, old.tree);
  auto owners = with.owners ? apply::to_text(*with.owners)
                            : record_change(c, sent, old.owners, &old.tree, tree);
  CHECK_RETURN(mutate(c, admission::operation::update, tree, &old.tree, w.what));
  CHECK_RETURN(validate(c, tree, &old.tree));
  auto goes = ready_to_go(c, tree); // its last finalizer went
  CHECK_RETURN(allocate(c, goes ? nullptr : &tree, &old.tree, w.what));
  CHECK_RETURN(validate_admission(c, admission::operation::update, &tree, &old.tree, w.what));
  count_generation(c, tree, old.tree); // admission and allocation may have changed the spec back
  auto& own = w.what.then.front();
  own.value = stored_bytes(c, tree, owners);
  if (own.value != *old.record->value && only_times_differ(own.value, owners, old)) {
    own.value = *old.record->value;
    owners = std::string{old.owners};
  }
  if (goes) {
    own = {.what = store::operation::kind::erase, .key = key, .value = {}};
  } else if (own.value == *old.record->value) {
    w.what.then.erase(w.what.then.begin());
    w.changes = false;
  }
  w.tree = std::move(tree);
  w.owners = std::move(owners);
  return finish(c, std::move(w));
}

result<step> update_object(context& c) {
  OR_RETURN(auto tree, decode_body(c, c.of));
  CHECK_RETURN(match_path(c, tree));
  OR_RETURN(auto old, fetch(c, c.request.ns, c.request.name));
  OR_RETURN(auto version, version_in(tree));
  if (!version && !c.built_in()) {
    rules::field_errors errors;
    errors.invalid(rules::field_path{"metadata.resourceVersion"}, 0,
                   "must be specified for an update");
    return rules::invalid(c.of, c.request.name, errors);
  }
  if (version && *version != old.version())
    return conflict(c, c.request.name);
  CHECK_RETURN(check_uid(c, tree, old.tree));
  return replace_object(c, old, {std::move(tree), version.has_value()});
}

result<void> check_uid(const context& c, const json& tree, const json& old) {
  auto uid = tree.at("metadata").value("uid", "");
  auto have = old.at("metadata").value("uid", "");
  if (uid.empty() || uid == have)
    return {};
  return conflict(c, c.request.name,
                  "Precondition failed: UID in precondition: " + uid
                    + ", UID in object meta: " + have);
}

result<json> apply_patch(context& c, json current, const schema::type& of, const json& document) {
  switch (c.request.patch) {
  case api::patch_type::json: return patch::apply_json(std::move(current), document);
  case api::patch_type::merge:
    if (!document.is_object())
      return bad_request("a merge patch must be an object");
    return patch::apply_merge(std::move(current), document);
  case api::patch_type::strategic:
    if (!c.built_in())
      break;
    return patch::apply_strategic(std::move(current), document, of);
  case api::patch_type::apply: break;
  }
  return failure{.reason = reason::unsupported_media_type,
                 .message =
                   "the body of the request was in an unknown format - accepted media types "
                   "include: application/json-patch+json, application/merge-patch+json, "
                   "application/apply-patch+yaml"};
}

result<step> patch_object(context& c) {
  if (c.request.patch == api::patch_type::apply)
    return apply_object(c);
  OR_RETURN(auto document, parse_body(c, nullptr));
  OR_RETURN(auto old, fetch(c, c.request.ns, c.request.name));
  auto current = old.tree;
  current["metadata"]["resourceVersion"] = to_string(old.version());
  if (!old.owners.empty() && mentions_owners(c, document))
    current["metadata"]["managedFields"] = read_tree(old.owners);
  OR_RETURN(auto tree, apply_patch(c, std::move(current), *c.of.of, document));
  CHECK_RETURN(check_patched(c, c.of, tree, document));
  CHECK_RETURN(match_path(c, tree));
  OR_RETURN(auto version, version_in(tree));
  // a patch that names a version asks for it; one that leaves it alone does not
  auto named = document.is_object() && document.contains("metadata")
               && document["metadata"].is_object()
               && document["metadata"].contains("resourceVersion");
  if (version && *version != old.version())
    return conflict(c, c.request.name);
  CHECK_RETURN(check_uid(c, tree, old.tree));
  return replace_object(c, old, {std::move(tree), named && version});
}

} // namespace troupe::pipeline
