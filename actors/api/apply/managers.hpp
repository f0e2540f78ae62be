// metadata.managedFields: who wrote which fields of an object, one entry for each manager.
#pragma once

#include "actors/api/apply/path_set.hpp"
#include "config/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::apply {

/// A set of paths that is read or written as FieldsV1 only when somebody asks.
class claim {
public:
  claim() = default;
  explicit claim(path_set set) : set_(std::move(set)) {}
  /// `text` is FieldsV1; what is none claims nothing.
  explicit claim(std::string text) : text_(std::move(text)) {}

  const path_set& set() const;
  const std::string& text() const;
  bool empty() const;
  /// False: surely nothing of `other` is in it. Reads no more than it must.
  bool may_meet(const path_set& other) const;
  void subtract(const path_set& other);
  void unite(const path_set& other);

private:
  path_set& writable();
  mutable std::optional<path_set> set_;
  mutable std::optional<std::string> text_;
};

enum class operation : std::uint8_t { apply, update };

/// Who a manager is: appliers of one name are one, whatever the version they write in.
struct identity {
  std::string manager;
  operation how = operation::update;
  std::string api_version; // of an update
  std::string subresource; // empty: the object itself
  auto operator<=>(const identity&) const = default;
};

struct entry {
  std::string manager;
  operation how = operation::update;
  std::string api_version;
  std::string subresource;
  std::string time; // RFC 3339, seconds; empty: none
  claim fields;

  identity who() const {
    return {manager, how, how == operation::update ? api_version : std::string{}, subresource};
  }
};

/// More managers that update than these: the oldest become one, called ancient-changes.
inline constexpr std::size_t most_updaters = 10;

class managers {
public:
  bool empty() const { return entries_.empty(); }
  const std::vector<entry>& entries() const { return entries_; }
  std::vector<entry>& entries() { return entries_; }
  /// Null when there is none.
  entry* find(const identity& who);
  /// Makes an entry without fields when there is none.
  entry& at(const identity& who, std::string_view api_version);
  void drop_empty();
  /// Keeps the number of updaters at most_updaters.
  void cap();

private:
  std::vector<entry> entries_;
};

/// The array as it is stored: sorted (appliers first, then by time), without spaces.
/// Empty when there are no entries.
std::string to_text(const managers& m);
/// The inverse, for what to_text wrote.
managers read_managers(std::string_view text);
/// For what a client sent (as compact JSON): fails with bad_request on anything that is no array of
/// well-formed entries.
result<managers> check_managers(std::string_view text);
/// One entry without content: a client's order to forget all owners.
bool is_reset(std::string_view text);

/// Whether two texts differ in their times at most.
bool same_but_times(std::string_view a, std::string_view b);

} // namespace troupe::apply
