// A tree as YAML, in the style of kubectl's output.
#include "config/codec/yaml.hpp"
#include "config/codec/yaml_scalar.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::codec {

using json = nlohmann::json;

namespace {

bool has_control(std::string_view text) {
  return std::ranges::any_of(text,
                             [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; });
}

/// Whether the plain text would be read as structure.
bool looks_like_syntax(std::string_view text) {
  constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@`";
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':')
    return true;
  bool alone = text.size() == 1 || text[1] == ' ';
  if (indicators.find(text.front()) != std::string_view::npos
      && (alone || (text.front() != '-' && text.front() != '?' && text.front() != ':')))
    return true;
  return text.starts_with("---") || text.starts_with("...") || text == "<<" || text == "="
         || text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos;
}

std::string double_quoted(const std::string& text) {
  // JSON's escapes are YAML's.
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    out += c;
    if (c == '\'')
      out += c;
  }
  return out + "'";
}

class writer {
public:
  std::string out;

  /// A value behind `key:` or `-`: on the same line when it is a scalar or empty.
  void value(const json& tree, std::size_t indent, bool in_list) {
    if (tree.is_object() && !tree.empty()) {
      if (!in_list)
        out += '\n';
      object(tree, indent, in_list);
    } else if (tree.is_array() && !tree.empty()) {
      if (!in_list)
        out += '\n';
      array(tree, indent, in_list);
    } else {
      if (!in_list)
        out += ' ';
      if (tree.is_string())
        text(tree.get_ref<const std::string&>(), indent);
      else
        out += tree.dump();
      out += '\n';
    }
  }

  /// `started`: the first line stands behind a dash already.
  void object(const json& tree, std::size_t indent, bool started) {
    for (const auto& [key, part] : tree.items()) {
      if (!started)
        out.append(indent, ' ');
      started = false;
      text(key, indent, true);
      out += ':';
      value(part, part.is_array() ? indent : indent + 2, false);
    }
  }

  void array(const json& tree, std::size_t indent, bool started) {
    for (const auto& part : tree) {
      if (!started)
        out.append(indent, ' ');
      started = false;
      out += "- ";
      value(part, indent + 2, true);
    }
  }

private:
  void text(const std::string& text, std::size_t indent, bool key = false) {
    if (!key && text.find('\n') != std::string::npos && !has_control(text)
        && text.find_first_not_of('\n') != std::string::npos)
      block(text, indent);
    else if (text.empty() || has_control(text) || text.find('\n') != std::string::npos
             || !resolve_plain(text).is_string())
      out += double_quoted(text);
    else if (looks_like_syntax(text))
      out += single_quoted(text);
    else
      out += text;
  }

  /// A literal block. Its indentation is said when the text begins with a space.
  void block(const std::string& text, std::size_t indent) {
    out += '|';
    if (text.front() == ' ' || text.front() == '\n')
      out += '2';
    if (text.back() != '\n')
      out += '-';
    else if (text.ends_with("\n\n"))
      out += '+';
    std::size_t from = 0;
    while (from < text.size()) {
      auto to = std::min(text.find('\n', from), text.size());
      out += '\n';
      if (to > from)
        out.append(indent, ' ').append(text, from, to - from);
      from = to + 1;
    }
  }
};

} // namespace

std::string write_yaml(const json& tree) {
  writer with;
  if (tree.is_structured() && !tree.empty())
    tree.is_object() ? with.object(tree, 0, false) : with.array(tree, 0, false);
  else
    with.value(tree, 0, true);
  return std::move(with.out);
}

} // namespace troupe::codec
