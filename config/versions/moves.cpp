#include "config/versions/moves.hpp"

#include <optional>
#include <ranges>
#include <utility>

namespace troupe::versions {
namespace {

using json = nlohmann::json;

/// The first name of a path, and what follows it.
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  auto dot = path.find('.');
  if (dot == path.npos)
    return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

/// Takes a field out, and with it the objects on the way to it that hold nothing else.
std::optional<json> take(json& object, std::string_view path) {
  auto [name, rest] = split(path);
  auto at = object.find(name);
  if (at == object.end())
    return std::nullopt;
  if (rest.empty()) {
    auto out = std::move(*at);
    object.erase(at);
    return out;
  }
  auto out = at->is_object() ? take(*at, rest) : std::nullopt;
  if (at->is_null() || (at->is_object() && at->empty()))
    object.erase(at);
  return out;
}

/// Puts a field where its path says, unless something that holds no fields is in the way.
void put(json& object, std::string_view path, json value) {
  auto [name, rest] = split(path);
  auto& member = object[std::string{name}];
  if (rest.empty()) {
    member = std::move(value);
    return;
  }
  if (member.is_null())
    member = json::object();
  if (member.is_object())
    put(member, rest, std::move(value));
}

} // namespace

void move_to_hub(json& object, std::span<const move> moves) {
  for (const auto& m : moves)
    if (auto value = take(object, m.spoke))
      put(object, m.hub, std::move(*value));
}

void move_from_hub(json& object, std::span<const move> moves) {
  for (const auto& m : moves | std::views::reverse)
    if (auto value = take(object, m.hub))
      put(object, m.spoke, std::move(*value));
}

} // namespace troupe::versions
