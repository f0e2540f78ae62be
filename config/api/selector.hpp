// Which objects are meant: label selectors, field selectors, and LabelSelector objects.
//
//   OR_RETURN(auto labels, parse_label_selector("app=web,tier in (a,b),!canary"));
//   labels.matches(object.meta.labels)
#pragma once

#include "config/api/object.hpp"
#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::api {

/// One condition on one label.
struct label_requirement {
  enum class test : std::uint8_t { in, not_in, exists, absent, greater, less };
  std::string key;
  test what = test::exists;
  std::vector<std::string> values; // sorted; one number for greater and less
  bool operator==(const label_requirement&) const = default;

  bool matches(const string_map& labels) const;
};

/// All of its requirements must hold; without any, everything matches.
struct label_selector {
  std::vector<label_requirement> all;
  bool nothing = false; // of a LabelSelector that is null: matches no object
  bool operator==(const label_selector&) const = default;

  bool matches(const string_map& labels) const;
  bool everything() const { return all.empty() && !nothing; }
};

/// kubectl's syntax: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Fails with bad_request.
result<label_selector> parse_label_selector(std::string_view text);
/// A LabelSelector object ({matchLabels, matchExpressions}); null selects nothing, {} everything.
/// Fails with bad_request; the whole object is checked by the kind's validation.
result<label_selector> label_selector_of(const nlohmann::json& tree);
/// A plain map of labels, as of a Service or a ReplicationController; null or empty selects
/// nothing.
label_selector label_selector_of_map(const nlohmann::json& map);
/// In the text form that parse_label_selector reads: Scale's status.selector.
std::string to_string(const label_selector& s);

/// One condition on one field.
struct field_requirement {
  std::string field;
  std::string value;
  bool equal = true; // false: !=
  bool operator==(const field_requirement&) const = default;
};

/// A field's value as text; "" when the object has none.
using field_reader = std::function<std::string(std::string_view field)>;

struct field_selector {
  std::vector<field_requirement> all;
  bool operator==(const field_selector&) const = default;

  bool everything() const { return all.empty(); }
  bool matches(const field_reader& value_of) const;
  /// On a canonical body; `group` and `plural` name the kind.
  bool matches(std::string_view body, std::string_view group, std::string_view plural) const;
  /// The value that `field` must have, or null: lets metadata.name be looked up instead of
  /// searched.
  const std::string* required(std::string_view field) const;
};

/// `a=b,c!=d`; \, \= and \\ escape. Fails with bad_request.
result<field_selector> parse_field_selector(std::string_view text);

/// The fields that may be selected on; every kind has metadata.name and metadata.namespace.
/// Fails with bad_request in Kubernetes' words for any other.
result<void> check_fields(const field_selector& s, std::string_view group, std::string_view plural);
/// The value of a selectable field in a canonical body.
std::string field_value(std::string_view body, std::string_view group, std::string_view plural,
                        std::string_view field);

} // namespace troupe::api
