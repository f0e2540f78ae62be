#include "config/codec/json.hpp"

#include "config/codec/dom.hpp"
#include "config/schema/walk.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::codec {

using json = nlohmann::json;
namespace dom = simdjson::dom;

namespace {

/// Makes a tree of a valid document and notes the keys that stand twice.
class builder {
public:
  explicit builder(std::vector<std::string>* duplicates) : duplicates_(duplicates) {}

  json value(dom::element from) {
    switch (from.type()) {
    case dom::element_type::OBJECT: return object(from.get_object().value_unsafe());
    case dom::element_type::ARRAY: return array(from.get_array().value_unsafe());
    case dom::element_type::STRING: return std::string(from.get_string().value_unsafe());
    case dom::element_type::INT64: return from.get_int64().value_unsafe();
    case dom::element_type::UINT64: return from.get_uint64().value_unsafe();
    case dom::element_type::DOUBLE: return from.get_double().value_unsafe();
    case dom::element_type::BOOL: return from.get_bool().value_unsafe();
    case dom::element_type::NULL_VALUE: return nullptr;
    }
    return nullptr;
  }

private:
  json object(dom::object from) {
    auto out = json::object();
    auto& members = out.get_ref<json::object_t&>();
    for (auto [key, part] : from) {
      steps_.push_back({key, 0});
      auto [at, fresh] = members.insert_or_assign(std::string(key), value(part));
      (void)at;
      if (!fresh && duplicates_ != nullptr)
        duplicates_->push_back(path());
      steps_.pop_back();
    }
    return out;
  }

  json array(dom::array from) {
    auto out = json::array();
    auto& parts = out.get_ref<json::array_t&>();
    parts.reserve(from.size());
    for (auto part : from) {
      steps_.push_back({{}, parts.size()});
      parts.push_back(value(part));
      steps_.pop_back();
    }
    return out;
  }

  /// Where the builder stands: made only when it is told.
  std::string path() const {
    std::string out;
    for (const auto& one : steps_)
      out = one.key.data() == nullptr ? out + "[" + std::to_string(one.number) + "]"
                                      : schema::join_path(out, one.key);
    return out;
  }

  struct step {
    std::string_view key; // null: an element
    std::size_t number = 0;
  };
  std::vector<std::string>* duplicates_;
  std::vector<step> steps_;
};

/// The first key that stands twice in one object, or empty.
std::string_view first_duplicate(dom::element of) {
  dom::array list;
  dom::object members;
  if (of.get(list) == simdjson::SUCCESS) {
    for (auto part : list)
      if (auto found = first_duplicate(part); !found.empty())
        return found;
  } else if (of.get(members) == simdjson::SUCCESS) {
    std::vector<std::string_view> keys;
    for (auto [key, part] : members) {
      keys.push_back(key);
      if (auto found = first_duplicate(part); !found.empty())
        return found;
    }
    std::ranges::sort(keys);
    if (auto at = std::ranges::adjacent_find(keys); at != keys.end())
      return at->empty() ? std::string_view("(empty)") : *at;
  }
  return {};
}

} // namespace

result<json> read_json(std::string_view text, std::vector<std::string>* duplicates) {
  dom_reader reader;
  OR_RETURN(auto root, reader.read(text));
  return builder(duplicates).value(root);
}

result<void> validate_json(std::string_view text) {
  dom_reader reader;
  OR_RETURN(auto root, reader.read(text));
  if (auto twice = first_duplicate(root); !twice.empty())
    return failure{reason::bad_request,
                   "the body is not valid: duplicate field \"" + std::string(twice) + "\""};
  return {};
}

} // namespace troupe::codec
