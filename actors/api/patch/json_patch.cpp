#include "actors/api/patch/patch.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace troupe::patch {
namespace {

using json = nlohmann::json;

constexpr std::size_t most_operations = 10'000;
constexpr std::size_t most_copied_bytes = 8 << 20;

failure bad(std::string message) {
  return {.reason = reason::bad_request, .message = std::move(message)};
}
failure refused(std::string message) {
  return {.reason = reason::invalid,
          .message = "the server rejected our request due to an error in our request: " + message};
}

/// The unescaped steps of a JSON pointer (RFC 6901); "" names the whole document.
result<std::vector<std::string>> steps_of(const std::string& pointer) {
  std::vector<std::string> out;
  if (pointer.empty())
    return out;
  if (pointer[0] != '/')
    return refused("path \"" + pointer + "\" does not start with '/'");
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      out.emplace_back();
    } else if (pointer[i] == '~') {
      auto next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
      if (next != '0' && next != '1')
        return refused("path \"" + pointer + "\" has a wrong escape");
      out.back() += next == '0' ? '~' : '/';
      ++i;
    } else {
      out.back() += pointer[i];
    }
  }
  return out;
}

/// An index into an array: no sign, no leading zero (RFC 6901, section 4).
std::optional<std::size_t> index_of(const std::string& step) {
  if (step.empty() || (step.size() > 1 && step[0] == '0'))
    return std::nullopt;
  std::size_t out = 0;
  auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), out);
  if (error != std::errc{} || end != step.data() + step.size())
    return std::nullopt;
  return out;
}

json* child_of(json& parent, const std::string& step) {
  if (parent.is_object()) {
    auto found = parent.find(step);
    return found == parent.end() ? nullptr : &*found;
  }
  auto index = parent.is_array() ? index_of(step) : std::nullopt;
  return index && *index < parent.size() ? &parent[*index] : nullptr;
}

json* find(json& root, std::span<const std::string> steps) {
  auto* at = &root;
  for (const auto& step : steps) {
    at = child_of(*at, step);
    if (!at)
      return nullptr;
  }
  return at;
}

struct operation {
  const std::string& name;
  const std::string& path;
  std::vector<std::string> steps;

  failure missing() const {
    return refused(name + " operation does not apply: doc is missing path: \"" + path + "\"");
  }
};

result<void> add(json& root, const operation& op, json value) {
  if (op.steps.empty()) {
    root = std::move(value);
    return {};
  }
  auto* parent = find(root, std::span{op.steps}.first(op.steps.size() - 1));
  if (!parent || !parent->is_structured())
    return op.missing();
  const auto& last = op.steps.back();
  if (parent->is_object()) {
    (*parent)[last] = std::move(value);
    return {};
  }
  if (last == "-") {
    parent->push_back(std::move(value));
    return {};
  }
  auto index = index_of(last);
  if (!index || *index > parent->size())
    return refused(op.name + " operation does not apply: index is out of range: \"" + op.path
                   + "\"");
  parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return {};
}

result<json> take(json& root, const operation& op) {
  if (op.steps.empty())
    return refused(op.name + " operation does not apply: the whole document cannot be removed");
  auto* parent = find(root, std::span{op.steps}.first(op.steps.size() - 1));
  auto* target = parent ? child_of(*parent, op.steps.back()) : nullptr;
  if (!target)
    return op.missing();
  json out = std::move(*target);
  if (parent->is_object())
    parent->erase(op.steps.back());
  else
    parent->erase(*index_of(op.steps.back()));
  return out;
}

const std::string* text_member(const json& of, const char* name) {
  auto found = of.find(name);
  return found == of.end() ? nullptr : found->get_ptr<const std::string*>();
}

/// The value at `from` of a move or a copy.
result<json> source(json& root, const json& entry, const operation& op) {
  const auto* from = text_member(entry, "from");
  if (!from)
    return bad("a " + op.name + " operation needs \"from\"");
  OR_RETURN(auto steps, steps_of(*from));
  operation there{op.name, *from, std::move(steps)};
  if (op.name == "move") {
    auto inside = op.steps.size() > there.steps.size()
                  && std::equal(there.steps.begin(), there.steps.end(), op.steps.begin());
    if (inside)
      return refused("move operation does not apply: a value cannot be moved into itself");
    return take(root, there);
  }
  auto* value = find(root, there.steps);
  if (!value)
    return there.missing();
  return *value;
}

result<void> perform(json& root, const json& entry, std::size_t& copied) {
  const auto* name = entry.is_object() ? text_member(entry, "op") : nullptr;
  const auto* path = name ? text_member(entry, "path") : nullptr;
  if (!path)
    return bad("a JSON patch is a list of operations with \"op\" and \"path\"");
  OR_RETURN(auto steps, steps_of(*path));
  operation op{*name, *path, std::move(steps)};
  if (op.name == "remove") {
    OR_RETURN([[maybe_unused]] auto gone, take(root, op));
    return {};
  }
  if (op.name == "move" || op.name == "copy") {
    OR_RETURN(auto value, source(root, entry, op));
    if (op.name == "copy" && (copied += value.dump().size()) > most_copied_bytes)
      return refused("copy operations would make the document too large");
    return add(root, op, std::move(value));
  }
  auto value = entry.find("value");
  if (value == entry.end() && (op.name == "add" || op.name == "replace" || op.name == "test"))
    return bad("a " + op.name + " operation needs \"value\"");
  if (op.name == "add")
    return add(root, op, *value);
  if (op.name != "replace" && op.name != "test")
    return bad("unexpected kind of operation: " + op.name);
  auto* target = find(root, op.steps);
  if (op.name == "test") {
    // a missing member equals null, as the library that Kubernetes uses has it
    if (target ? *target == *value : value->is_null())
      return {};
    return refused("testing value " + op.path + " failed: test failed");
  }
  if (!target)
    return op.missing();
  *target = *value;
  return {};
}

} // namespace

result<json> apply_json(json target, const json& patch) {
  if (!patch.is_array())
    return bad("a JSON patch must be an array of operations");
  if (patch.size() > most_operations)
    return failure{.reason = reason::too_large,
                   .message = "the allowed maximum operations in a JSON patch is 10000, got "
                              + std::to_string(patch.size())};
  std::size_t copied = 0;
  for (const auto& entry : patch)
    CHECK_RETURN(perform(target, entry, copied));
  return target;
}

json apply_merge(json target, const json& patch) {
  if (!patch.is_object())
    return patch;
  if (!target.is_object())
    target = json::object();
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null()) {
      target.erase(key);
    } else {
      auto& slot = target[key];
      slot = apply_merge(std::move(slot), value);
    }
  }
  return target;
}

} // namespace troupe::patch
