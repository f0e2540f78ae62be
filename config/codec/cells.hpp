// How the cells of a table are made: small functions over an object's document. For table.cpp and
// the cells_*.cpp files only.
#pragma once

#include "config/base/clock.hpp"

#include <optional>
#include <simdjson.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::codec {

using element = simdjson::dom::element;

/// What a cell is made of.
struct cell_input {
  element object;
  std::string_view argument; // what stands in parentheses behind the function's name
  std::string_view type;     // of the column
  instant now;
};

/// Appends one JSON value.
using cell_function = void (*)(const cell_input& in, std::string& out);
struct cell_entry {
  std::string_view name;
  cell_function make;
};
std::span<const cell_entry> pod_cells();
std::span<const cell_entry> workload_cells();
std::span<const cell_entry> network_cells();
std::span<const cell_entry> storage_cells();
std::span<const cell_entry> general_cells();

// -- reading -----------------------------------------------------------------------------------
/// The first value at a path: `.a.b`, `[0]`, `[*]`, `['x.y']`, `[?(@.type=="Ready")]`, `a\.b`.
std::optional<element> find_path(element from, std::string_view path);
std::string_view text_at(element from, std::string_view path, std::string_view otherwise = {});
std::int64_t number_at(element from, std::string_view path, std::int64_t otherwise = 0);
bool flag_at(element from, std::string_view path, bool otherwise = false);
/// The elements of a list; empty when it is not there.
std::vector<element> list_at(element from, std::string_view path);
/// Members of an object or of a list; 0 when it is not there.
std::size_t count_at(element from, std::string_view path);
/// The condition of `type` in a list of conditions.
std::optional<element> condition_of(element from, std::string_view path, std::string_view type);
/// A value in the words it is written in: text as it is, numbers and booleans as in JSON.
std::string plain(element value);
std::string plain_at(element from, std::string_view path, std::string_view otherwise = {});

// -- writing -----------------------------------------------------------------------------------
void put_text(std::string& out, std::string_view text);
void put_number(std::string& out, std::int64_t number);
void put_flag(std::string& out, bool flag);
std::string join(const std::vector<std::string>& parts, std::string_view between = ",");
std::string lower(std::string_view text);
/// How long ago a time is: "5m", or "<unknown>" for an absent or unreadable one.
std::string since(std::string_view time, instant now);
/// `k=v,k2=v2`, or "<none>".
std::string labels_text(std::optional<element> labels);
/// A label selector in the words of `kubectl get -l`; empty for one that has no requirement.
std::string selector_text(std::optional<element> selector);
/// `a,b,c + 2 more...` of which at most `shown` are shown.
std::string some_of(std::vector<std::string> parts, std::size_t shown, std::string_view none);

} // namespace troupe::codec
