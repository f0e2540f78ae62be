// An object of any type with all its fields, made from the schema: for what must hold of every
// kind.
#pragma once

#include "config/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace troupe::support {

/// Lists and maps have `entries` entries, told apart by their keys. A type within itself is left
/// out.
class full_object {
public:
  explicit full_object(int entries = 2) : entries_(entries) {}

  nlohmann::json of(const schema::resource& r) {
    auto out = value(*r.of, 0);
    out["apiVersion"] = r.api_version();
    out["kind"] = std::string{r.kind};
    out["metadata"]["name"] = "full";
    for (const char* key : {"managedFields", "resourceVersion", "selfLink"})
      out["metadata"].erase(key);
    return out;
  }

private:
  nlohmann::json value(const schema::type& of, int number) {
    using schema::shape;
    switch (of.what) {
    case shape::object: return object(of, number);
    case shape::array: return array(of);
    case shape::map: return map(of);
    case shape::integer: return number + 1;
    case shape::number: return 0.5 + number;
    case shape::boolean: return true;
    case shape::any: return {{"any", number}};
    case shape::quantity: return std::to_string(number + 1);
    case shape::int_or_string: return std::to_string(number + 10) + "%";
    case shape::time: return "2026-11-22T16:41:34Z";
    case shape::micro_time: return "2026-11-22T16:41:34.000000Z";
    case shape::bytes: return "YWJj";
    case shape::string: break;
    }
    if (!of.values.empty())
      return std::string{of.values[static_cast<std::size_t>(number) % of.values.size()]};
    return "text-" + std::to_string(number);
  }

  nlohmann::json object(const schema::type& of, int number) {
    auto out = nlohmann::json::object();
    if (std::find(within_.begin(), within_.end(), &of) != within_.end())
      return out;
    within_.push_back(&of);
    for (const auto& f : of.fields)
      if (std::find(within_.begin(), within_.end(), inner(*f.of)) == within_.end())
        out[std::string{f.name}] = value(*f.of, number);
    within_.pop_back();
    return out;
  }

  static const schema::type* inner(const schema::type& of) {
    const auto* at = &of;
    while (at->element)
      at = at->element;
    return at;
  }

  nlohmann::json array(const schema::type& of) {
    auto out = nlohmann::json::array();
    for (int i = 0; i < entries_; ++i)
      out.push_back(value(*of.element, i));
    auto keyed = of.list == schema::list_kind::map;
    if (keyed && !out.empty() && out.size() > 1 && same_keys(of, out[0], out[1]))
      out.erase(1); // keys of a closed set with one value
    return out;
  }

  static bool same_keys(const schema::type& of, const nlohmann::json& a, const nlohmann::json& b) {
    return std::all_of(of.list_keys.begin(), of.list_keys.end(), [&](std::string_view key) {
      return a.at(std::string{key}) == b.at(std::string{key});
    });
  }

  nlohmann::json map(const schema::type& of) {
    auto out = nlohmann::json::object();
    for (int i = 0; i < entries_; ++i)
      out["key.example.com/" + std::to_string(i)] = value(*of.element, i);
    return out;
  }

  int entries_;
  std::vector<const schema::type*> within_;
};

} // namespace troupe::support
