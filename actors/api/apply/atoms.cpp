#include "actors/api/apply/atoms.hpp"

#include "actors/api/apply/fields_v1.hpp"

#include <algorithm>
#include <array>

namespace troupe::apply {
namespace {

using schema::shape;

void append_scalar(std::string& out, const json& value) {
  if (const auto* text = value.get_ptr<const std::string*>())
    append_quoted(out, *text);
  else
    out += value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The value of an entry's key as JSON; empty when it has none.
void append_key_value(std::string& out, const schema::type& list, const json& entry,
                      std::string_view key) {
  auto at = entry.find(key);
  if (at != entry.end() && !at->is_null()) {
    append_scalar(out, *at);
    return;
  }
  const auto* field = list.element ? list.element->find(key) : nullptr;
  if (field)
    out.append(field->default_json);
}

step keyed_step(const schema::type& list, const json& entry) {
  std::array<std::string_view, 8> names; // sorted
  auto end = names.begin();
  for (std::string_view key : list.list_keys) {
    if (end == names.end())
      break;
    auto at = std::upper_bound(names.begin(), end, key);
    std::move_backward(at, end, end + 1);
    *at = key;
    ++end;
  }
  step out{step::kind::key, "{"};
  for (auto name = names.begin(); name != end; ++name) {
    std::string value;
    append_key_value(value, list, entry, *name);
    if (value.empty())
      continue;
    if (out.text.size() > 1)
      out.text += ',';
    append_quoted(out.text, *name);
    out.text.append(":").append(value);
  }
  out.text += '}';
  return out;
}

} // namespace

atom atom_of(const schema::type* of, const json& value) {
  if (!of)
    return value.is_object() ? atom::fields : atom::leaf;
  switch (of->what) {
  case shape::object:
  case shape::map:
    return of->atomic || !(value.is_object() || value.is_null()) ? atom::leaf : atom::fields;
  case shape::array:
    if (of->list == schema::list_kind::atomic || !(value.is_array() || value.is_null()))
      return atom::leaf;
    return of->list == schema::list_kind::set ? atom::set : atom::keyed;
  default: return atom::leaf;
  }
}

member member_of(const schema::type* of, std::string_view name) {
  if (!of)
    return {};
  if (of->what == shape::map)
    return {of->element, nullptr};
  const auto* field = of->find(name);
  return field ? member{field->of, field} : member{};
}

step entry_step(const schema::type& list, const json& entry) {
  if (list.list == schema::list_kind::map && entry.is_object())
    return keyed_step(list, entry);
  step out{step::kind::value, {}};
  append_scalar(out.text, entry);
  return out;
}

std::optional<std::string_view> missing_key(const schema::type& list, const json& entry) {
  for (auto key : list.list_keys) {
    std::string value;
    append_key_value(value, list, entry, key);
    if (value.empty())
      return key;
  }
  return std::nullopt;
}

} // namespace troupe::apply
