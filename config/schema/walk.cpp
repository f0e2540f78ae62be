// The walker and what is built on it.
#include "config/schema/walk.hpp"

#include "config/api/object.hpp"
#include "config/api/quantity.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <limits>

namespace troupe::schema {

using json = nlohmann::json;

namespace {

bool plain_name(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '$';
  });
}

void append_key(std::string& path, std::string_view key) {
  if (!plain_name(key)) {
    path.append("[").append(key).append("]");
    return;
  }
  if (!path.empty())
    path += '.';
  path.append(key);
}

template <class Json, class Visitor>
void descend(const type& of, Json& value, Visitor& with, std::string& path);

template <class Json, class Visitor>
void descend_object(const type& of, Json& value, Visitor& with, std::string& path) {
  const auto length = path.size();
  for (auto at = value.begin(); at != value.end();) {
    const auto* known = of.find(at.key());
    append_key(path, at.key());
    bool removed = false;
    if (known != nullptr)
      descend(*known->of, *at, with, path);
    else if (!of.preserve_unknown)
      removed = with.unknown(path, value);
    path.resize(length);
    if constexpr (std::is_const_v<Json>)
      ++at;
    else
      at = removed ? value.erase(at) : std::next(at);
  }
}

template <class Json, class Visitor>
void descend(const type& of, Json& value, Visitor& with, std::string& path) {
  if (!with.enter(path, of, value))
    return;
  const auto length = path.size();
  if (of.what == shape::object && value.is_object()) {
    descend_object(of, value, with, path);
  } else if (of.what == shape::map && value.is_object()) {
    for (auto& [key, part] : value.items()) {
      append_key(path, key);
      descend(*of.element, part, with, path);
      path.resize(length);
    }
  } else if (of.what == shape::array && value.is_array()) {
    std::size_t number = 0;
    for (auto& part : value) {
      path.append("[").append(std::to_string(number++)).append("]");
      descend(*of.element, part, with, path);
      path.resize(length);
    }
  }
}

/// Collects what a walk finds, up to a limit.
template <class T> struct collector {
  std::vector<T> found;
  std::size_t limit;
  bool full() const { return found.size() >= limit; }
};

struct unknown_collector : collector<std::string> {
  bool enter(const std::string&, const type&, const json&) const { return !full(); }
  bool unknown(const std::string& path, const json&) {
    if (!full())
      found.push_back(path);
    return false;
  }
};

struct pruner {
  static bool enter(const std::string&, const type&, const json&) { return true; }
  static bool unknown(const std::string&, const json&) { return true; }
};

bool is_base64(std::string_view text) {
  auto body = text.substr(0, text.find_last_not_of('=') + 1);
  return text.size() % 4 == 0 && text.size() - body.size() <= 2
         && std::ranges::all_of(
           body, [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '/'; });
}

std::string_view json_type_name(const json& value) {
  if (value.is_number_integer())
    return "integer";
  return value.type_name(); // object, array, string, boolean, number, null
}

std::string_view wanted_type_name(shape what) {
  switch (what) {
  case shape::object:
  case shape::map: return "object";
  case shape::array: return "array";
  case shape::integer: return "integer";
  case shape::number: return "number";
  case shape::boolean: return "boolean";
  case shape::quantity:
  case shape::int_or_string: return "integer or string";
  default: return "string";
  }
}

bool has_type(shape what, const json& value) {
  switch (what) {
  case shape::any: return true;
  case shape::object:
  case shape::map: return value.is_object();
  case shape::array: return value.is_array();
  case shape::integer: return value.is_number_integer();
  case shape::number: return value.is_number();
  case shape::boolean: return value.is_boolean();
  case shape::quantity: return value.is_string() || value.is_number();
  case shape::int_or_string: return value.is_string() || value.is_number_integer();
  default: return value.is_string();
  }
}

/// What is wrong with a value that has the right JSON type; empty: nothing.
std::string_view wrong_format(const type& of, const json& value) {
  switch (of.what) {
  case shape::integer:
    if (value.is_number_unsigned()
        && value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return "does not fit into 64 bits";
    if (of.format == "int32"
        && (value.get<std::int64_t>() > std::numeric_limits<std::int32_t>::max()
            || value.get<std::int64_t>() < std::numeric_limits<std::int32_t>::min()))
      return "does not fit into 32 bits";
    return {};
  case shape::time:
  case shape::micro_time:
    return api::parse_time(value.get_ref<const std::string&>()) ? "" : "must be an RFC 3339 time";
  case shape::quantity:
    if (value.is_string() && !api::quantity::parse(value.get_ref<const std::string&>()))
      return "quantities must match the regular expression "
             "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    return {};
  case shape::bytes: return is_base64(value.get_ref<const std::string&>()) ? "" : "must be base64";
  default: return {};
  }
}

struct type_checker : collector<cause> {
  bool enter(const std::string& path, const type& of, const json& value) {
    if (full() || value.is_null())
      return false;
    if (!has_type(of.what, value)) {
      auto given = std::string(json_type_name(value));
      found.push_back({path, "FieldValueTypeInvalid",
                       "Invalid value: \"" + given + "\": " + path + " in body must be of type "
                         + std::string(wanted_type_name(of.what)) + ": \"" + given + "\""});
      return false;
    }
    if (auto wrong = wrong_format(of, value); !wrong.empty())
      found.push_back(
        {path, "FieldValueInvalid", "Invalid value: " + value.dump() + ": " + std::string(wrong)});
    return true;
  }
  static bool unknown(const std::string&, const json&) { return false; }
};

struct value_checker : collector<cause> {
  bool enter(const std::string& path, const type& of, const json& value) {
    if (full())
      return false;
    if (of.what == shape::object && value.is_object())
      check_required(path, of, value);
    else if (of.what == shape::string && !of.values.empty() && value.is_string())
      check_listed(path, of, value.get_ref<const std::string&>());
    // What a client may not leave out is its wish; the status is written by our own side.
    return path != "status";
  }
  static bool unknown(const std::string&, const json&) { return false; }

  void check_required(const std::string& path, const type& of, const json& value) {
    for (const auto& field : of.fields) {
      if (!field.required)
        continue;
      auto at = value.find(field.name);
      if (at != value.end() && !at->is_null())
        continue;
      auto where = path;
      append_key(where, field.name);
      if (!full() && where != "status")
        found.push_back({where, "FieldValueRequired", "Required value"});
    }
  }

  void check_listed(const std::string& path, const type& of, const std::string& given) {
    if (given.empty() || std::ranges::find(of.values, given) != of.values.end())
      return;
    std::string message = "Unsupported value: " + json(given).dump() + ": supported values: ";
    for (const auto& value : of.values) {
      if (value.data() != of.values.front().data())
        message += ", ";
      message.append("\"").append(value).append("\"");
    }
    found.push_back({path, "FieldValueNotSupported", std::move(message)});
  }
};

struct normalizer {
  static bool enter(const std::string&, const type& of, json& value) {
    if (of.what == shape::object && value.is_object())
      drop_nulls(of, value);
    else if ((of.what == shape::array || of.what == shape::map) && value.is_structured())
      fill_nulls(of, value);
    else if (of.what == shape::quantity && value.is_number())
      value = value.dump();
    return of.what != shape::any;
  }
  static bool unknown(const std::string&, const json&) { return false; }

  /// A null element is the zero value of its type.
  static void fill_nulls(const type& of, json& value) {
    if (of.element->what == shape::any)
      return;
    for (auto& part : value)
      if (part.is_null())
        part = zero_of(of.element->what);
  }

  static json zero_of(shape what) {
    switch (what) {
    case shape::object:
    case shape::map: return json::object();
    case shape::array: return json::array();
    case shape::boolean: return false;
    case shape::integer:
    case shape::number:
    case shape::int_or_string: return 0;
    case shape::quantity: return "0";
    default: return "";
    }
  }

  static void drop_nulls(const type& of, json& value) {
    for (auto at = value.begin(); at != value.end();) {
      if (!at->is_null()) {
        ++at;
        continue;
      }
      const auto* known = of.find(at.key());
      if (known != nullptr && known->required && known->of->what == shape::array)
        *at = json::array();
      else if (known != nullptr ? known->of->what != shape::any : !of.preserve_unknown)
        at = value.erase(at);
      else
        ++at;
    }
  }
};

/// `0`, `false`, `""`: what an absent scalar is in Kubernetes' structures.
bool is_zero(const json& value) {
  switch (value.type()) {
  case json::value_t::string: return value.get_ref<const std::string&>().empty();
  case json::value_t::boolean: return !value.get<bool>();
  case json::value_t::number_integer:
  case json::value_t::number_unsigned: return value.get<std::int64_t>() == 0;
  default: return false;
  }
}

struct defaulter {
  static bool enter(const std::string&, const type& of, json& value) {
    if (of.what != shape::object || !value.is_object())
      return of.what != shape::any;
    for (const auto& field : of.fields) {
      if (field.default_json.empty())
        continue;
      auto at = value.find(field.name);
      if (at == value.end() || at->is_null() || (!field.zero_is_set && is_zero(*at)))
        value[std::string(field.name)] = json::parse(field.default_json);
    }
    return true;
  }
  static bool unknown(const std::string&, const json&) { return false; }
};

template <class Visitor, class Json> Visitor run(const type& of, Json& tree, Visitor with) {
  std::string path;
  descend(of, tree, with, path);
  return with;
}

} // namespace

void walk(const type& of, json& tree, visitor& with, std::string path) {
  descend(of, tree, with, path);
}

std::string join_path(std::string_view base, std::string_view key) {
  std::string out(base);
  append_key(out, key);
  return out;
}

std::vector<std::string> unknown_fields(const type& of, const json& tree, std::size_t limit) {
  return run(of, tree, unknown_collector{{{}, limit}}).found;
}

void prune(const type& of, json& tree) { run(of, tree, pruner{}); }

std::vector<cause> check_types(const type& of, const json& tree, std::size_t limit) {
  return run(of, tree, type_checker{{{}, limit}}).found;
}

std::vector<cause> check_values(const type& of, const json& tree, std::size_t limit) {
  return run(of, tree, value_checker{{{}, limit}}).found;
}

void normalize(const type& of, json& tree) { run(of, tree, normalizer{}); }

void apply_defaults(const type& of, json& tree) { run(of, tree, defaulter{}); }

} // namespace troupe::schema
