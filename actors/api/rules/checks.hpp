// Checks that many kinds share. The trees have the types of their schema, so members may be read
// plainly.
#pragma once

#include "actors/api/rules/errors.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::rules {

using json = nlohmann::json;
using form_check = std::string (*)(std::string_view);

/// A member, or null when there is none.
const json& member(const json& tree, std::string_view key);
std::string text_of(const json& tree, std::string_view key);
/// A number, or nothing when the member is absent.
std::optional<std::int64_t> number_of(const json& tree, std::string_view key);

/// A text that must be there and of a form.
void check_name(const json& tree, std::string_view key, form_check form, const field_path& at,
                field_errors& out);
/// The same when it may be absent.
void check_form(const json& tree, std::string_view key, form_check form, const field_path& at,
                field_errors& out);
void check_at_least(const json& tree, std::string_view key, std::int64_t least,
                    const field_path& at, field_errors& out);
void check_port(const json& tree, std::string_view key, const field_path& at, field_errors& out);
/// Labels of metadata, of a selector's map, of a node selector.
void check_labels(const json& map, const field_path& at, field_errors& out);
void check_annotations(const json& map, const field_path& at, field_errors& out);
/// A LabelSelector object.
void check_label_selector(const json& selector, const field_path& at, field_errors& out);
/// Present members must not differ.
void check_same(const json& now, const json& old, std::string_view key, const field_path& at,
                field_errors& out);
/// Non-negative quantities by resource name.
void check_amounts(const json& map, const field_path& at, field_errors& out);

void check_metadata(const json& tree, form_check name_form, field_errors& out);
void check_metadata_update(const json& tree, const json& old, field_errors& out);

/// The metadata and spec of a pod template.
void check_template(const json& tmpl, const field_path& at, field_errors& out);
void check_pod_spec(const json& spec, const field_path& at, field_errors& out);

} // namespace troupe::rules
