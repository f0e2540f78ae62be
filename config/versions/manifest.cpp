#include "config/versions/manifest.hpp"

#include "config/codec/protobuf.hpp"
#include "config/codec/yaml.hpp"
#include "config/schema/walk.hpp"
#include "config/versions/manifest_parts.hpp"
#include "config/versions/versions.hpp"

#include <algorithm>

namespace troupe::versions {
namespace {

using json = nlohmann::json;
using schema::catalog;
using schema::resource;

/// The resource whose list a kind is; null when it is none.
const resource* listed_by(const catalog& kinds, const resource& of) {
  if (!of.plural.empty())
    return nullptr;
  for (const auto* r : kinds.resources())
    if (r->list_kind == of.kind && r->group == of.group && r->version == of.version)
      return r;
  return nullptr;
}

/// "batch/v1, batch/v1beta1"
std::string versions_of(const catalog& kinds, const resource& of) {
  std::string out;
  for (const auto* r : kinds.resources())
    if (&stored_as(kinds, *r) == &stored_as(kinds, of))
      out += (out.empty() ? "" : ", ") + r->api_version();
  return out;
}

/// `of` in another version, as long as it is the same kind there.
result<const resource*> counterpart(const catalog& kinds, const resource& of, const json& tree,
                                    std::string_view api_version) {
  auto [group, version] = split_version(api_version);
  const auto* to = kinds.by_kind(group, version, of.kind);
  if (to && !to->plural.empty() && &stored_as(kinds, *to) == &stored_as(kinds, of))
    return to;
  return invalid("converting " + described(tree) + ": it is not in " + std::string{api_version}
                 + ", but in " + versions_of(kinds, of));
}

/// The items of a list of one kind need not say what they are.
void convert_item(json& item, const resource& from, const resource& to) {
  auto says = item.contains("apiVersion");
  item["apiVersion"] = from.api_version();
  convert(item, to);
  if (!says) {
    item.erase("apiVersion");
    item.erase("kind");
  }
}

void convert_items(json& list, const resource& from, const resource& to) {
  if (auto items = list.find("items"); items != list.end() && items->is_array())
    for (auto& item : *items)
      if (item.is_object())
        convert_item(item, from, to);
  list["apiVersion"] = to.api_version();
  list["kind"] = std::string{to.list_kind};
}

result<void> convert_object(const catalog& kinds, json& tree, std::string_view api_version) {
  if (is_bare_list(tree)) {
    if (auto items = tree.find("items"); items != tree.end() && items->is_array())
      for (auto& item : *items)
        CHECK_RETURN(convert_object(kinds, item, api_version));
    return {};
  }
  if (text_in(tree, "apiVersion") == api_version)
    return {};
  const auto* of = kind_of(kinds, tree);
  if (!of)
    return invalid("converting " + described(tree) + ": the kind is not built in");
  if (const auto* item = listed_by(kinds, *of)) {
    OR_RETURN(const auto* to, counterpart(kinds, *item, tree, api_version));
    convert_items(tree, *item, *to);
    return {};
  }
  OR_RETURN(const auto* to, counterpart(kinds, *of, tree, api_version));
  convert(tree, *to);
  return {};
}

result<std::string> as_protobuf(const catalog& kinds, const manifest& m) {
  auto failed = [&](const std::string& why) {
    return invalid("writing " + described(m.tree) + " as protobuf: " + why);
  };
  const auto* of = kind_of(kinds, m.tree);
  if (!of || !of->of)
    return failed("the kind is not built in");
  if (auto unknown = schema::unknown_fields(*of->of, m.tree, 1); !unknown.empty())
    return failed("the field " + unknown[0]
                  + " is not in the schema and would be lost; remove it first");
  auto out = codec::to_protobuf(kinds, m.tree.dump());
  if (!out)
    return failed(out.error().message);
  return m.unknown.empty() ? std::move(*out) : codec::with_unknown(*of->of, *out, m.unknown);
}

std::string as_json(const json& tree) {
  return tree.dump(4, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace

result<void> to_version(const catalog& kinds, manifest& m, std::string_view api_version) {
  auto [group, version] = split_version(api_version);
  auto served = std::ranges::any_of(kinds.resources(), [&, g = group, v = version](const auto* r) {
    return r->group == g && r->version == v;
  });
  if (!served)
    return failure{.reason = reason::bad_request,
                   .message = "there is no version " + std::string{api_version}
                              + "; name one as in apps/v1 or v1"};
  return convert_object(kinds, m.tree, api_version);
}

result<std::string> write_manifests(const catalog& kinds, std::vector<manifest> all, encoding as) {
  if (as == encoding::protobuf) {
    if (all.size() != 1)
      return invalid("protobuf holds one object, and here are " + std::to_string(all.size())
                     + "; convert them one by one");
    return as_protobuf(kinds, all[0]);
  }
  if (as == encoding::json && all.size() == 1)
    return as_json(all[0].tree);
  if (as == encoding::json) {
    json list{{"apiVersion", "v1"}, {"kind", "List"}, {"metadata", json::object()}};
    for (auto& m : all)
      list["items"].push_back(std::move(m.tree));
    return as_json(list);
  }
  std::string out;
  for (const auto& m : all)
    out += (out.empty() ? "" : "---\n") + codec::write_yaml(m.tree);
  return out;
}

} // namespace troupe::versions
