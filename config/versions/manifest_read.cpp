// From the bytes of a file to checked objects.
#include "config/codec/json.hpp"
#include "config/codec/protobuf.hpp"
#include "config/codec/yaml.hpp"
#include "config/schema/walk.hpp"
#include "config/versions/manifest.hpp"
#include "config/versions/manifest_parts.hpp"

#include <utility>

namespace troupe::versions {
namespace {

using json = nlohmann::json;

constexpr std::string_view blanks = " \t\r\n";

/// The first JSON value of a text: where it ends. The whole text when it does not end.
std::size_t end_of_value(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto c = text[at];
    if (quoted) {
      if (c == '\\')
        ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

/// A JSON value of any size: what a client may send at once is no limit of a file.
result<json> read_value(std::string_view text) {
  auto out = codec::read_json(text);
  if (out || out.error().reason != reason::too_large)
    return out;
  auto tree = json::parse(text, nullptr, false);
  if (tree.is_discarded())
    return invalid("the body is not valid JSON");
  return tree;
}

result<std::vector<json>> read_values(std::string_view text) {
  std::vector<json> out;
  for (;;) {
    auto start = text.find_first_not_of(blanks);
    if (start == text.npos)
      return out;
    text.remove_prefix(start);
    if (text.front() != '{' && text.front() != '[')
      return invalid("behind a JSON value stands something else");
    auto end = end_of_value(text);
    OR_RETURN(auto tree, read_value(text.substr(0, end)));
    out.push_back(std::move(tree));
    text.remove_prefix(end);
  }
}

/// Documents between `---` lines are YAML, even when the first one is JSON.
bool is_json(std::string_view text) {
  if (!text.starts_with('{') && !text.starts_with('['))
    return false;
  auto rest = text.substr(end_of_value(text));
  auto next = rest.find_first_not_of(blanks);
  return next == rest.npos || rest[next] != '-';
}

result<void> check_object(const schema::catalog& kinds, const json& tree) {
  if (!tree.is_object())
    return invalid("it is not an object");
  if (text_in(tree, "apiVersion").empty() || text_in(tree, "kind").empty())
    return invalid("it does not say its apiVersion and kind");
  if (is_bare_list(tree)) {
    auto items = tree.find("items");
    for (const auto& item : items != tree.end() && items->is_array() ? *items : json::array())
      CHECK_RETURN(check_object(kinds, item));
    return {};
  }
  const auto* of = kind_of(kinds, tree);
  if (!of || !of->of)
    return {};
  if (auto wrong = schema::check_types(*of->of, tree, 1); !wrong.empty())
    return invalid(described(tree) + ": " + wrong[0].field + ": " + wrong[0].message);
  return {};
}

} // namespace

result<std::vector<manifest>> read_manifests(const schema::catalog& kinds, std::string_view bytes) {
  std::vector<manifest> out;
  if (bytes.starts_with(codec::protobuf_magic)) {
    auto tree = codec::from_protobuf(kinds, bytes);
    if (!tree)
      return invalid(tree.error().message);
    const auto* of = kind_of(kinds, *tree);
    auto unknown = of && of->of ? codec::unknown_in(*of->of, bytes) : codec::unknown_fields{};
    out.push_back({std::move(*tree), std::move(unknown)});
    return out;
  }
  auto start = bytes.find_first_not_of(blanks);
  bytes.remove_prefix(start == bytes.npos ? bytes.size() : start);
  auto trees = is_json(bytes) ? read_values(bytes) : codec::read_yaml_documents(bytes);
  if (!trees)
    return invalid(trees.error().message);
  for (auto& tree : *trees) {
    auto right = check_object(kinds, tree);
    if (!right && trees->size() > 1)
      return invalid("object " + std::to_string(out.size() + 1) + ": " + right.error().message);
    if (!right)
      return right.error();
    out.push_back({std::move(tree), {}});
  }
  if (out.empty())
    return invalid("there is no object");
  return out;
}

} // namespace troupe::versions
