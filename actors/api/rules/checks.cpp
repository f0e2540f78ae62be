#include "actors/api/rules/checks.hpp"

#include "actors/api/rules/names.hpp"
#include "config/api/quantity.hpp"

#include <algorithm>

namespace troupe::rules {
namespace {

constexpr std::size_t most_annotation_bytes = 256 * 1024;

/// The part of a generateName that must already be a name: without what only separates the suffix.
std::string maskable(std::string base) {
  if (base.size() > 1 && base.back() == '-')
    base.back() = 'a';
  return base;
}

void check_owners(const json& owners, const field_path& at, field_errors& out) {
  std::string controller;
  for (const auto& owner : owners) {
    for (const char* key : {"apiVersion", "kind", "name", "uid"})
      if (text_of(owner, key).empty())
        out.invalid(at / key, text_of(owner, key),
                    key == std::string_view{"apiVersion"} ? "version must not be empty"
                                                          : "must not be empty");
    if (!member(owner, "controller").is_boolean() || !owner["controller"].get<bool>())
      continue;
    if (!controller.empty())
      out.invalid(
        at, owners,
        "Only one reference can have Controller set to true. Found \"true\" in references for "
          + controller + " and " + text_of(owner, "name"));
    controller = text_of(owner, "name");
  }
}

} // namespace

const json& member(const json& tree, std::string_view key) {
  static const json none;
  if (!tree.is_object())
    return none;
  auto at = tree.find(key);
  return at == tree.end() ? none : *at;
}

std::string text_of(const json& tree, std::string_view key) {
  const auto& m = member(tree, key);
  return m.is_string() ? m.get<std::string>() : std::string{};
}

std::optional<std::int64_t> number_of(const json& tree, std::string_view key) {
  const auto& m = member(tree, key);
  return m.is_number_integer() ? std::optional{m.get<std::int64_t>()} : std::nullopt;
}

void check_name(const json& tree, std::string_view key, form_check form, const field_path& at,
                field_errors& out) {
  if (text_of(tree, key).empty())
    return out.required(at / key);
  check_form(tree, key, form, at, out);
}

void check_form(const json& tree, std::string_view key, form_check form, const field_path& at,
                field_errors& out) {
  auto text = text_of(tree, key);
  if (text.empty())
    return;
  if (auto why = form(text); !why.empty())
    out.invalid(at / key, text, why);
}

void check_at_least(const json& tree, std::string_view key, std::int64_t least,
                    const field_path& at, field_errors& out) {
  auto n = number_of(tree, key);
  if (n && *n < least)
    out.invalid(at / key, *n, "must be greater than or equal to " + std::to_string(least));
}

void check_port(const json& tree, std::string_view key, const field_path& at, field_errors& out) {
  const auto& port = member(tree, key);
  if (port.is_number_integer()) {
    if (auto n = port.get<std::int64_t>(); n < 1 || n > 65535)
      out.invalid(at / key, port, "must be between 1 and 65535, inclusive");
  } else if (port.is_string()) {
    if (auto why = port_name(port.get_ref<const std::string&>()); !why.empty())
      out.invalid(at / key, port, why);
  }
}

void check_labels(const json& map, const field_path& at, field_errors& out) {
  if (!map.is_object())
    return;
  for (const auto& [key, value] : map.items()) {
    if (auto why = qualified_name(key); !why.empty())
      out.invalid(at, key, why);
    if (!value.is_string())
      continue;
    if (auto why = label_value(value.get_ref<const std::string&>()); !why.empty())
      out.invalid(at, value, why);
  }
}

void check_annotations(const json& map, const field_path& at, field_errors& out) {
  if (!map.is_object())
    return;
  std::size_t bytes = 0;
  for (const auto& [key, value] : map.items()) {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (auto why = qualified_name(lower); !why.empty())
      out.invalid(at, key, why);
    bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  if (bytes > most_annotation_bytes)
    out.too_long(at, most_annotation_bytes);
}

void check_label_selector(const json& selector, const field_path& at, field_errors& out) {
  check_labels(member(selector, "matchLabels"), at / "matchLabels", out);
  const auto& list = member(selector, "matchExpressions");
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto here = (at / "matchExpressions")[i];
    auto op = text_of(list[i], "operator");
    const auto& values = member(list[i], "values");
    if ((op == "In" || op == "NotIn") && values.empty())
      out.required(here / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    else if ((op == "Exists" || op == "DoesNotExist") && !values.empty())
      out.forbidden(here / "values",
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    else if (op != "In" && op != "NotIn" && op != "Exists" && op != "DoesNotExist")
      out.invalid(here / "operator", op, "not a valid selector operator");
    if (auto why = qualified_name(text_of(list[i], "key")); !why.empty())
      out.invalid(here / "key", text_of(list[i], "key"), why);
  }
}

void check_same(const json& now, const json& old, std::string_view key, const field_path& at,
                field_errors& out) {
  if (member(now, key) != member(old, key))
    out.invalid(at / key, member(now, key), immutable_text);
}

void check_amounts(const json& map, const field_path& at, field_errors& out) {
  if (!map.is_object())
    return;
  for (const auto& [name, amount] : map.items()) {
    if (auto why = qualified_name(name); !why.empty())
      out.invalid(at, name, why);
    auto q = amount.is_string() ? api::quantity::parse(amount.get_ref<const std::string&>())
                                : result<api::quantity>{failure{}};
    if (q && q->negative())
      out.invalid(at.key(name), amount, "must be greater than or equal to 0");
  }
}

void check_metadata(const json& tree, form_check name_form, field_errors& out) {
  const field_path at{"metadata"};
  const auto& meta = member(tree, "metadata");
  auto base = text_of(meta, "generateName");
  if (!base.empty())
    if (auto why = name_form(maskable(base)); !why.empty())
      out.invalid(at / "generateName", base, why);
  auto name = text_of(meta, "name");
  if (name.empty())
    out.required(at / "name", "name or generateName is required");
  else if (auto why = name_form(name); !why.empty())
    out.invalid(at / "name", name, why);
  if (auto generation = number_of(meta, "generation"); generation && *generation < 0)
    out.invalid(at / "generation", *generation, "must be greater than or equal to 0");
  check_labels(member(meta, "labels"), at / "labels", out);
  check_annotations(member(meta, "annotations"), at / "annotations", out);
  check_owners(member(meta, "ownerReferences"), at / "ownerReferences", out);
  const auto& finalizers = member(meta, "finalizers");
  auto has = [&](const char* f) {
    return std::find(finalizers.begin(), finalizers.end(), json(f)) != finalizers.end();
  };
  for (const auto& f : finalizers)
    if (auto why =
          f.is_string() ? qualified_name(f.get_ref<const std::string&>()) : "must be a string";
        !why.empty())
      out.invalid(at / "finalizers", f, why);
  if (has("orphan") && has("foregroundDeletion"))
    out.invalid(at / "finalizers", finalizers,
                "finalizer orphan and foregroundDeletion cannot be both set");
}

void check_metadata_update(const json& tree, const json& old, field_errors& out) {
  const auto& meta = member(tree, "metadata");
  const auto& was = member(old, "metadata");
  if (!was.contains("deletionTimestamp"))
    return;
  const auto& before = member(was, "finalizers");
  std::string added;
  for (const auto& f : member(meta, "finalizers"))
    if (std::find(before.begin(), before.end(), f) == before.end())
      added += (added.empty() ? "\"" : ", \"") + f.get<std::string>() + "\"";
  if (!added.empty())
    out.forbidden(field_path{"metadata.finalizers"},
                  "no new finalizers can be added if the object is being deleted, found new "
                  "finalizers []string{"
                    + added + "}");
}

} // namespace troupe::rules
