// The one schema that drives everything: routing, discovery, OpenAPI, unknown-field checks,
// defaulting, validation, strategic merge, server-side apply, protobuf and columns.
// Built-in kinds come from generated tables (built_in()); a CRD adds to a catalog at run time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::schema {

enum class shape : std::uint8_t {
  object,        // named fields
  array,         // `element`, repeated
  map,           // string keys to `element`
  string,        //
  integer,       // format int32 or int64
  number,        // double
  boolean,       //
  any,           // any JSON (RawExtension, JSON, FieldsV1)
  quantity,      // resource.Quantity: "500m"
  int_or_string, // IntOrString
  time,          // RFC 3339, seconds
  micro_time,    // RFC 3339, microseconds
  bytes,         // base64 in JSON
};

enum class list_kind : std::uint8_t { atomic, set, map };
enum class patch_strategy : std::uint8_t { none, merge, replace, retain_keys, merge_retain_keys };

struct field;

/// A kind that a type is published as.
struct kind_name {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
};

/// A node in the graph of types. All text lives as long as the catalog that holds the type.
struct type {
  shape what = shape::any;
  std::string_view name;                       // "io.k8s.api.core.v1.PodSpec"; empty: anonymous
  std::string_view format;                     // int32, int64, byte, date-time, ... or empty
  std::span<const field> fields;               // object: sorted by name
  const type* element = nullptr;               // array and map
  list_kind list = list_kind::atomic;          // array, for server-side apply
  std::span<const std::string_view> list_keys; // array of list_kind::map
  std::span<const std::string_view> values;    // string: the only values allowed; empty: any
  bool atomic = false;              // object or map that server-side apply treats as one value
  bool preserve_unknown = false;    // object: unknown fields are kept
  std::span<const kind_name> kinds; // what apiVersion and kind name this type

  /// Null when there is no such field.
  const field* find(std::string_view field_name) const;
};

struct field {
  std::string_view name;
  const type* of = nullptr;
  bool required = false;
  std::uint32_t wire = 0; // protobuf field number; 0: not on the wire
  patch_strategy strategy = patch_strategy::none;
  std::string_view merge_key;    // of strategy merge on an array of objects
  std::string_view default_json; // empty: no default
  /// Numbers of the messages that this field is embedded in, outermost first; 0: none.
  /// (JSON inlines them: a Volume's `emptyDir` is number 2 of the message that is number 2.)
  std::array<std::uint8_t, 2> wire_in{};
  /// A scalar whose zero value (0, false, "") says something else than its absence; where this is
  /// false, Kubernetes treats the zero value as not given.
  bool zero_is_set = false;
};

enum verb_bit : std::uint16_t {
  verb_get = 1,
  verb_list = 2,
  verb_watch = 4,
  verb_create = 8,
  verb_update = 16,
  verb_patch = 32,
  verb_delete = 64,
  verb_deletecollection = 128,
};

struct subresource {
  std::string_view name;  // status, scale, binding, log, ...
  std::string_view group; // of the kind it speaks
  std::string_view version;
  std::string_view kind;
  std::uint16_t verbs = 0; // of verb_bit
};

/// One column of a printed table (`kubectl get`).
struct column {
  std::string_view title;
  std::string_view type;   // string, integer, date
  std::string_view format; // "name" for the first
  int priority = 0;        // 1: only with -o wide
  std::string_view
    value; // how the cell is made: a path, or the name of a function of config/codec/table
};

struct resource {
  std::string_view group; // "" for core
  std::string_view version;
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
  std::string_view list_kind;
  std::span<const std::string_view> short_names;
  std::span<const std::string_view> categories;
  bool namespaced = false;
  bool status_separate = false; // has a status subresource: spec and status are written apart
  std::uint16_t verbs = 0;
  std::span<const subresource> subresources;
  std::span<const column> columns;
  const type* of = nullptr;
  std::string_view warning; // for the users of this version (a Warning header); empty: none

  /// "v1" or "apps/v1".
  std::string api_version() const;
  /// "pods" or "deployments.apps".
  std::string qualified() const;
  const subresource* find(std::string_view subresource_name) const;
};

/// Everything that is served. A value that is shared and never changed; a CRD makes a new one.
class catalog {
public:
  virtual ~catalog() = default;
  virtual const resource* find(std::string_view group, std::string_view version,
                               std::string_view plural) const = 0;
  virtual const resource* by_kind(std::string_view group, std::string_view version,
                                  std::string_view kind) const = 0;
  /// By its name as in `type::name`; null if unknown.
  virtual const type* definition(std::string_view name) const = 0;
  /// In the order of discovery: group, preferred version first, plural.
  virtual std::span<const resource* const> resources() const = 0;
  /// All named types, by name.
  virtual std::span<const type* const> definitions() const = 0;
};
using catalog_ptr = std::shared_ptr<const catalog>;

/// The kinds of Kubernetes v1.36 that are served. Constant data: every call gives the same tables.
catalog_ptr built_in();

} // namespace troupe::schema
