#include "actors/api/rules/errors.hpp"

#include "actors/api/rules/rules.hpp"

#include <nlohmann/json.hpp>

namespace troupe::rules {

using json = nlohmann::json;

namespace {

std::string shown(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

field_path field_path::operator/(std::string_view member) const {
  field_path out{text_};
  if (!text_.empty())
    out.text_ += '.';
  out.text_ += member;
  return out;
}
field_path field_path::operator[](std::size_t index) const { return key(std::to_string(index)); }
field_path field_path::key(std::string_view name) const {
  field_path out{text_};
  out.text_.append("[").append(name).append("]");
  return out;
}

void field_errors::required(const field_path& at, std::string_view detail) {
  causes_.push_back({at.text(), "FieldValueRequired",
                     "Required value" + (detail.empty() ? "" : ": " + std::string{detail})});
}
void field_errors::invalid(const field_path& at, const json& value, std::string_view detail) {
  causes_.push_back(
    {at.text(), "FieldValueInvalid",
     "Invalid value: " + shown(value) + (detail.empty() ? "" : ": " + std::string{detail})});
}
void field_errors::not_supported(const field_path& at, const json& value,
                                 std::span<const std::string_view> supported) {
  std::string list;
  for (auto s : supported)
    list += (list.empty() ? "\"" : ", \"") + std::string{s} + "\"";
  causes_.push_back({at.text(), "FieldValueNotSupported",
                     "Unsupported value: " + shown(value) + ": supported values: " + list});
}
void field_errors::duplicate(const field_path& at, const json& value) {
  causes_.push_back({at.text(), "FieldValueDuplicate", "Duplicate value: " + shown(value)});
}
void field_errors::forbidden(const field_path& at, std::string_view detail) {
  causes_.push_back({at.text(), "FieldValueForbidden", "Forbidden: " + std::string{detail}});
}
void field_errors::too_long(const field_path& at, std::size_t most_bytes) {
  causes_.push_back({at.text(), "FieldValueTooLong",
                     "Too long: may not be more than " + std::to_string(most_bytes) + " bytes"});
}
void field_errors::too_many(const field_path& at, std::size_t actual, std::size_t most) {
  causes_.push_back({at.text(), "FieldValueTooMany",
                     "Too many: " + std::to_string(actual) + ": must have at most "
                       + std::to_string(most) + " items"});
}
void field_errors::not_found(const field_path& at, const json& value) {
  causes_.push_back({at.text(), "FieldValueNotFound", "Not found: " + shown(value)});
}
void field_errors::type_invalid(const field_path& at, const json& value, std::string_view detail) {
  causes_.push_back({at.text(), "FieldValueTypeInvalid",
                     "Invalid value: " + shown(value) + ": " + std::string{detail}});
}

failure invalid(const schema::resource& of, std::string_view name, const field_errors& errors) {
  std::string kind{of.kind};
  if (!of.group.empty())
    kind.append(".").append(of.group);
  std::string list;
  for (const auto& c : errors.causes())
    list += (list.empty() ? "" : ", ") + c.field + ": " + c.message;
  if (errors.causes().size() > 1)
    list = "[" + list + "]";
  return {.reason = reason::invalid,
          .message = kind + " \"" + std::string{name} + "\" is invalid: " + list,
          .causes = errors.causes()};
}

} // namespace troupe::rules
