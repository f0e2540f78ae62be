#include "actors/api/pipeline/context.hpp"

#include "actors/api/pipeline/answer.hpp"
#include "config/codec/json.hpp"
#include "config/versions/versions.hpp"

namespace troupe::pipeline {

std::string context::key_in(std::string_view ns, std::string_view name) const {
  return key_of({.group = std::string{stored.group},
                 .plural = std::string{stored.plural},
                 .ns = std::string{of.namespaced ? ns : std::string_view{}},
                 .name = std::string{name}});
}

std::string context::prefix() const {
  return prefix_of(stored.group, stored.plural, of.namespaced ? request.ns : std::string_view{});
}

bool context::built_in() const { return of.of && of.of->name.substr(0, 7) == "io.k8s."; }

std::string subject(const schema::resource& of, std::string_view name) {
  return of.qualified() + " \"" + std::string{name} + "\"";
}

failure not_found(const context& c, std::string_view name) {
  return {.reason = reason::not_found, .message = subject(c.of, name) + " not found"};
}

failure conflict(const context& c, std::string_view name, std::string_view why) {
  return {.reason = reason::conflict,
          .message = "Operation cannot be fulfilled on " + subject(c.of, name) + ": "
                     + std::string{why.empty() ? "the object has been modified; please apply your "
                                                 "changes to the latest version and try again"
                                               : why}};
}

api::response scope_ended(const context& c) {
  return api::status_of({.reason = reason::unavailable,
                         .message = "writing " + subject(c.of, c.request.name)
                                    + ": the leader scope that wrote it has ended"},
                        c.request);
}

failure bad_request(std::string message) {
  return {.reason = reason::bad_request, .message = std::move(message)};
}

failure forbidden(const context& c, std::string_view name, std::string_view why) {
  return {.reason = reason::forbidden,
          .message = subject(c.of, name) + " is forbidden: " + std::string{why}};
}

json read_tree(std::string_view body) {
  if (auto tree =
        codec::read_json(body)) // several times faster, but limited to what a client may send
    return std::move(*tree);
  return json::parse(body, nullptr, false);
}

result<found> read_record(const context& c, store::record_ptr record) {
  auto owners = api::managed_fields(*record->value);
  auto tree = read_tree(api::without(*record->value, owners));
  if (!tree.is_object())
    return failure{.reason = reason::internal,
                   .message = "reading " + record->key + ": the stored bytes are no object"};
  versions::convert(tree, c.of);
  return found{std::move(record), std::move(tree), owners};
}

result<found> fetch(const context& c, std::string_view ns, std::string_view name) {
  auto record = c.view.get(c.key_in(ns, name));
  if (!record)
    return not_found(c, name);
  return read_record(c, std::move(record));
}

bool speaks_stored(const context& c) { return &c.of == &c.stored; }

json as_stored(const context& c, const json& tree) {
  auto out = tree;
  versions::convert(out, c.stored);
  return out;
}

std::string stored_bytes(const context& c, const json& tree, std::string_view owners) {
  if (speaks_stored(c))
    return api::encode(tree, owners);
  return api::encode(as_stored(c, tree), owners);
}

result<void> require_namespace(const context& c, store::transaction& tx) {
  if (!c.of.namespaced)
    return {};
  if (c.request.ns.empty())
    return bad_request("an empty namespace may not be set during creation");
  auto key = key_of({.group = "", .plural = "namespaces", .ns = "", .name = c.request.ns});
  auto record = c.view.get(key);
  if (!record)
    return failure{.reason = reason::not_found,
                   .message = "namespaces \"" + c.request.ns + "\" not found"};
  OR_RETURN(auto ns, api::parse_object(record->value, record->modified));
  if (ns.meta.deleted) {
    auto why = "unable to create new content in namespace " + c.request.ns
               + " because it is being terminated";
    auto out = forbidden(c, c.request.name, why);
    out.causes.push_back({.field = "metadata.namespace",
                          .type = "NamespaceTerminating",
                          .message = "namespace " + c.request.ns + " is being terminated"});
    return out;
  }
  tx.when.push_back(
    {.what = store::predicate::test::modified_is, .key = std::move(key), .at = record->modified});
  return {};
}

step finish(context& c, object_write w) {
  form shown{c.env.catalog, &c.of, c.of.of, c.request.answer, c.env.now};
  auto stored_form = &version_for(shown) == &c.stored;
  // what is stored is what is shown, when the versions are the same
  auto stored = stored_form && w.changes && w.what.then.front().what == store::operation::kind::put;
  auto body = share(stored        ? w.what.then.front().value
                    : stored_form ? stored_bytes(c, w.tree, w.owners)
                                  : api::encode(w.tree, w.owners));
  auto respond = [shown, body, warnings = c.warnings, code = w.code](revision version) {
    auto out = answer_object(shown, *body, version, code);
    out.warnings = warnings;
    return out;
  };
  if (c.request.options.dry_run)
    return finished{respond(w.before), true};
  auto conflicted = w.client_version
                      ? std::optional{api::status_of(conflict(c, c.request.name), c.request)}
                      : std::nullopt;
  auto stale = scope_ended(c);
  w.what.fence = c.request.fence;
  w.what.cause = c.request.cause;
  auto answer = [=, changes = w.changes,
                 before = w.before](const store::outcome& o) -> std::optional<api::response> {
    if (o.what == store::outcome::status::stale_term)
      return stale;
    if (o.what == store::outcome::status::predicate_failed)
      return o.failed == 0 ? conflicted : std::nullopt;
    return respond(changes && o.first != revision{} ? o.first : before);
  };
  return write{std::move(w.what), std::move(answer)};
}

} // namespace troupe::pipeline
