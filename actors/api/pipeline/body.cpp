#include "actors/api/pipeline/body.hpp"

#include "actors/api/rules/rules.hpp"
#include "config/codec/json.hpp"
#include "config/codec/protobuf.hpp"
#include "config/codec/yaml.hpp"
#include "config/schema/walk.hpp"

#include <algorithm>

namespace troupe::pipeline {
namespace {

std::string cannot_handle(const schema::resource& of, std::string_view why) {
  return std::string{of.kind} + " in version \"" + std::string{of.version}
         + "\" cannot be handled as a " + std::string{of.kind} + ": " + std::string{why};
}

/// What strict decoding finds, in Kubernetes' words.
std::vector<std::string> strict_errors(const schema::resource& of, const json& tree,
                                       const std::vector<std::string>& duplicates) {
  std::vector<std::string> out;
  for (const auto& path : duplicates)
    out.push_back("duplicate field \"" + path + "\"");
  for (const auto& path : schema::unknown_fields(*of.of, tree))
    out.push_back("unknown field \"" + path + "\"");
  return out;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& t : texts)
    out += (out.empty() ? "" : ", ") + t;
  return out;
}

/// metadata as a map of the known shape, so that all that follows may rely on it.
result<void> check_shape(const schema::resource& of, json& tree) {
  if (!tree.is_object())
    return bad_request(cannot_handle(of, "the body is not an object"));
  auto wrong = schema::check_types(*of.of, tree, 5);
  if (wrong.empty()) {
    auto& meta = tree["metadata"];
    if (meta.is_null())
      meta = json::object();
    return {};
  }
  std::string why;
  for (const auto& c : wrong)
    why += (why.empty() ? "" : "; ") + c.field + ": " + c.message;
  return bad_request(cannot_handle(of, why));
}

result<void> check_kind(const schema::resource& of, json& tree) {
  auto expected = of.api_version();
  auto text = [&](const char* key) {
    auto at = tree.find(key);
    return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string{};
  };
  auto version = text("apiVersion");
  auto kind = text("kind");
  if (!version.empty() && version != expected)
    return bad_request("the API version in the data (" + version
                       + ") does not match the expected API version (" + expected + ")");
  if (!kind.empty() && kind != of.kind)
    return bad_request(kind + " in version \"" + std::string{of.version}
                       + "\" cannot be handled as a " + std::string{of.kind}
                       + ": the kind in the data (" + kind + ") does not match the expected kind ("
                       + std::string{of.kind} + ")");
  tree["apiVersion"] = std::move(expected);
  tree["kind"] = std::string{of.kind};
  return {};
}

result<json> read(const context& c, const schema::resource* of,
                  std::vector<std::string>* duplicates) {
  const auto& body = c.request.body;
  auto expected = of ? " (must be of type " + std::string{of->kind} + ")" : std::string{};
  if (body.empty())
    return bad_request("the body of the request is empty" + expected);
  auto tree = c.request.body_as == api::media::yaml ? codec::read_yaml(body, duplicates)
              : c.request.body_as == api::media::protobuf
                ? codec::from_protobuf(*c.env.catalog, body)
                : codec::read_json(body, duplicates);
  if (!tree && tree.error().reason == reason::bad_request)
    return bad_request("the object provided is unrecognized" + expected + ": "
                       + tree.error().message);
  return tree;
}

void finish_shape(const schema::resource& of, json& tree) {
  schema::prune(*of.of, tree);
  schema::normalize(*of.of, tree);
}

} // namespace

result<json> parse_body(const context& c, const schema::resource* of) {
  return read(c, of, nullptr);
}

result<json> decode_body(context& c, const schema::resource& of) {
  std::vector<std::string> duplicates;
  OR_RETURN(auto tree, read(c, &of, &duplicates));
  if (!tree.is_object())
    return bad_request("the object provided is unrecognized (must be of type "
                       + std::string{of.kind} + "): it is not an object");
  CHECK_RETURN(check_kind(of, tree));
  CHECK_RETURN(check_shape(of, tree));
  if (c.request.options.fields != api::validation::ignore) {
    auto errors = strict_errors(of, tree, duplicates);
    if (!errors.empty() && c.request.options.fields == api::validation::strict)
      return bad_request(cannot_handle(of, "strict decoding error: " + joined(errors)));
    c.warnings.insert(c.warnings.end(), errors.begin(), errors.end());
  }
  finish_shape(of, tree);
  return tree;
}

result<void> check_patched(context& c, const schema::resource& of, json& tree, const json& patch) {
  auto refuse = [&](const std::string& why) {
    rules::field_errors errors;
    errors.invalid(rules::field_path{"patch"}, patch, why);
    return rules::invalid(of, {}, errors);
  };
  if (!tree.is_object())
    return refuse("the patch makes something that is not an object");
  if (tree.value("kind", json()) != of.kind || tree.value("apiVersion", json()) != of.api_version())
    return bad_request("a patch cannot change apiVersion or kind");
  if (auto shape = check_shape(of, tree); !shape)
    return refuse(shape.error().message);
  if (c.request.options.fields != api::validation::ignore) {
    auto errors = strict_errors(of, tree, {});
    if (!errors.empty() && c.request.options.fields == api::validation::strict)
      return refuse("strict decoding error: " + joined(errors));
    c.warnings.insert(c.warnings.end(), errors.begin(), errors.end());
  }
  finish_shape(of, tree);
  return {};
}

result<void> match_path(context& c, json& tree) {
  auto& meta = tree["metadata"];
  const auto& r = c.request;
  auto ns = meta.value("namespace", "");
  if (!c.of.namespaced)
    meta.erase("namespace");
  else if (ns.empty())
    meta["namespace"] = r.ns;
  else if (ns != r.ns)
    return bad_request(
      "the namespace of the provided object does not match the namespace sent on the request");
  auto name = meta.value("name", "");
  if (r.name.empty() || name == r.name)
    return {};
  if (!name.empty())
    return bad_request("the name of the object (" + name + ") does not match the name on the URL ("
                       + r.name + ")");
  meta["name"] = r.name;
  return {};
}

result<api::options> delete_options(context& c) {
  auto out = c.request.options;
  if (c.request.body.empty())
    return out;
  OR_RETURN(auto tree, parse_body(c, nullptr));
  if (!tree.is_object())
    return bad_request("the body of a delete must be DeleteOptions");
  if (auto kind = tree.value("kind", json("DeleteOptions")); kind != "DeleteOptions" && kind != "")
    return bad_request("the body of a delete must be DeleteOptions, not " + kind.dump());
  const auto* options =
    c.env.catalog->definition("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  if (options)
    if (auto wrong = schema::check_types(*options, tree, 1); !wrong.empty())
      return bad_request("DeleteOptions: " + wrong[0].field + ": " + wrong[0].message);
  if (auto at = tree.find("gracePeriodSeconds"); at != tree.end() && at->is_number_integer())
    out.grace = at->get<std::int64_t>();
  if (auto at = tree.find("dryRun"); at != tree.end() && at->is_array() && !at->empty())
    out.dry_run = true;
  if (auto at = tree.find("propagationPolicy"); at != tree.end() && at->is_string()) {
    auto text = at->get<std::string>();
    if (text != "Background" && text != "Foreground" && text != "Orphan") {
      rules::field_errors errors;
      errors.invalid(rules::field_path{"propagationPolicy"}, *at,
                     "must be one of Background, Foreground, Orphan or nil");
      return failure{.reason = reason::invalid,
                     .message = "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: "
                                + errors.causes()[0].message,
                     .causes = errors.causes()};
    }
    out.propagate = text == "Background"   ? api::propagation::background
                    : text == "Foreground" ? api::propagation::foreground
                                           : api::propagation::orphan;
  } else if (auto orphan = tree.find("orphanDependents");
             orphan != tree.end() && orphan->is_boolean()) {
    out.propagate = *orphan ? api::propagation::orphan : api::propagation::background;
  }
  if (auto at = tree.find("preconditions"); at != tree.end() && at->is_object()) {
    if (auto uid = at->find("uid"); uid != at->end() && uid->is_string())
      out.precondition_uid = uid->get<std::string>();
    if (auto v = at->find("resourceVersion"); v != at->end() && v->is_string())
      out.precondition_version =
        static_cast<revision>(std::strtoull(v->get_ref<const std::string&>().c_str(), nullptr, 10));
  }
  return out;
}

} // namespace troupe::pipeline
