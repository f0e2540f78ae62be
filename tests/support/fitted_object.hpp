// A full object brought to where the API accepts it: what it refuses is replaced by something else,
// or left out, cause by cause.
#pragma once

#include "tests/support/api_world.hpp"

#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::support {

class fitted_object {
public:
  /// Answers as a dry run of the create does.
  using attempt = std::function<answer(const json&)>;

  fitted_object(json tree, attempt offer) : tree_(std::move(tree)), offer_(std::move(offer)) {}

  /// Null when it cannot be made to fit; then last() says why.
  json fit() {
    for (int round = 0; round < most_rounds; ++round) {
      last_ = offer_(tree_);
      if (last_.code == 201)
        return tree_;
      auto causes = last_.body.is_object() && last_.body.contains("details")
                      ? last_.body["details"].value("causes", json::array())
                      : json::array();
      if (causes.empty()) // of the wrong type: something else instead
        tree_ = before_;
      else
        causes_ = std::move(causes);
      before_ = tree_;
      if (causes_.empty())
        return {};
      // from behind: what goes from a list must not move what stands before it
      for (auto at = causes_.rbegin(); at != causes_.rend(); ++at)
        mend(*at);
    }
    return {};
  }
  const answer& last() const { return last_; }

private:
  static constexpr int most_rounds = 80;

  struct found {
    json::json_pointer at;
    std::string missing; // the first name on the way that is not there
  };

  static std::vector<std::string> names_of(const std::string& field) {
    std::vector<std::string> out{""};
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field[i] == '.') {
        out.emplace_back();
      } else if (field[i] == '[') {
        auto end = std::min(field.find(']', i), field.size());
        out.push_back(field.substr(i + 1, end - i - 1));
        i = end;
        if (i + 1 < field.size() && field[i + 1] == '.')
          ++i, out.emplace_back();
      } else {
        out.back() += field[i];
      }
    }
    return out;
  }

  found find(const std::string& field) const {
    found out;
    const json* now = &tree_;
    for (const auto& name : names_of(field)) {
      std::size_t index = 0;
      auto number = std::from_chars(name.data(), name.data() + name.size(), index);
      if (now->is_array() && number.ec == std::errc{} && index < now->size()) {
        out.at /= index;
        now = &(*now)[index];
      } else if (now->is_object() && now->contains(name)) {
        out.at /= name;
        now = &(*now)[name];
      } else {
        out.missing = name;
        break;
      }
    }
    return out;
  }

  /// With the lists and objects that it leaves empty; never a member of the object itself.
  void remove(json::json_pointer at) {
    if (at.empty() || at.parent_pointer().empty())
      return;
    auto& parent = tree_[at.parent_pointer()];
    if (parent.is_array())
      parent.erase(std::stoul(at.back()));
    else
      parent.erase(at.back());
    if (parent.empty())
      remove(at.parent_pointer());
  }

  /// Something else of the same type; null when all was tried.
  static json other_value(const json& now, int attempt) {
    static const std::array<json, 11> texts{
      "a",        "/a",          "10.96.0.77", "10.1.0.0/24",           "example.com/a", "1",
      "system:a", "*/5 * * * *", "UTC",        "https://a.example.com", "10.0.0.7"};
    static const std::array<json, 5> numbers{1, 80, 30080, 1000, 0};
    auto i = static_cast<std::size_t>(attempt);
    if (now.is_string() && i < texts.size())
      return texts[i];
    if (now.is_number() && i < numbers.size())
      return numbers[i];
    return now.is_boolean() && i == 0 ? json(!now.get<bool>()) : json();
  }

  void mend_missing(const found& place, const std::string& type, int tried) {
    static const std::array<json, 3> values{"a", 1, json::object()};
    auto i = static_cast<std::size_t>(tried);
    auto& holder = tree_[place.at];
    if (type == "FieldValueRequired" && holder.is_object() && i < values.size())
      holder[place.missing] = values[i];
    else
      remove(place.at);
  }

  void mend(const json& cause) {
    auto field = cause.value("field", "");
    auto type = cause.value("reason", "");
    auto message = cause.value("message", "");
    auto tried = tried_[field]++;
    auto place = find(field);
    if (!place.missing.empty())
      return mend_missing(place, type, tried);
    auto& value = tree_[place.at];
    auto supported = message.find("supported values: \"");
    if (supported != message.npos && value.is_string() && tried == 0) {
      supported += 19;
      value = message.substr(supported, message.find('"', supported) - supported);
      return;
    }
    auto& holder = tree_[place.at.parent_pointer()];
    if (type == "FieldValueInvalid" && field.ends_with(']') && holder.is_object() && tried == 0) {
      auto kept = value; // the key is wrong
      holder.erase(place.at.back());
      holder["key"] = kept;
      return;
    }
    auto open = type == "FieldValueInvalid" || type == "FieldValueRequired";
    if (auto other = open ? other_value(value, tried) : json(); !other.is_null())
      value = other;
    else
      remove(place.at);
  }

  json tree_;
  json before_;
  json causes_ = json::array();
  attempt offer_;
  answer last_;
  std::map<std::string, int> tried_;
};

} // namespace troupe::support
