// Reading and writing that all cells share.
#include "config/codec/cells.hpp"

#include "config/api/object.hpp"
#include "config/codec/table.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace troupe::codec {

namespace dom = simdjson::dom;

namespace {

/// One step of a path, taken off its front.
struct step {
  enum class kind : std::uint8_t { end, member, index, every, filter };
  kind what = kind::end;
  std::string key;    // of member; of filter: what is compared
  std::string value;  // of filter
  std::size_t at = 0; // of index
};

step bracket_step(std::string_view inside) {
  if (inside == "*")
    return {.what = step::kind::every};
  if (inside.starts_with("?(@.") && inside.ends_with(")")) {
    inside = inside.substr(4, inside.size() - 5);
    auto equal = inside.find("==");
    if (equal == std::string_view::npos)
      return {};
    auto trim = [](std::string_view s) {
      auto first = s.find_first_not_of(" \"'");
      return first == std::string_view::npos
               ? std::string()
               : std::string(s.substr(first, s.find_last_not_of(" \"'") + 1 - first));
    };
    return {.what = step::kind::filter,
            .key = trim(inside.substr(0, equal)),
            .value = trim(inside.substr(equal + 2))};
  }
  if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"'))
    return {.what = step::kind::member, .key = std::string(inside.substr(1, inside.size() - 2))};
  step out{.what = step::kind::index};
  auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), out.at);
  return error == std::errc{} && end == inside.data() + inside.size() ? out : step{};
}

step next_step(std::string_view& path) {
  if (path.starts_with('[')) {
    auto close = path.find(']');
    if (close == std::string_view::npos)
      return {};
    auto inside = path.substr(1, close - 1);
    path.remove_prefix(close + 1);
    return bracket_step(inside);
  }
  if (path.starts_with('.'))
    path.remove_prefix(1);
  step out{.what = step::kind::member};
  std::size_t at = 0;
  for (; at < path.size() && path[at] != '.' && path[at] != '['; ++at) {
    if (path[at] == '\\' && at + 1 < path.size())
      ++at;
    out.key += path[at];
  }
  path.remove_prefix(at);
  return out.key.empty() ? step{} : out;
}

std::optional<element> first_match(const dom::array& list, const step& wanted,
                                   std::string_view rest) {
  for (auto part : list) {
    if (wanted.what == step::kind::filter && plain_at(part, wanted.key) != wanted.value)
      continue;
    if (auto found = find_path(part, rest))
      return found;
  }
  return {};
}

} // namespace

std::optional<element> find_path(element from, std::string_view path) {
  while (!path.empty()) {
    auto next = next_step(path);
    dom::array list;
    switch (next.what) {
    case step::kind::end: return {};
    case step::kind::member:
      if (!from.is_object() || from[next.key].get(from) != simdjson::SUCCESS)
        return {};
      break;
    case step::kind::index:
      if (from.get(list) != simdjson::SUCCESS || list.at(next.at).get(from) != simdjson::SUCCESS)
        return {};
      break;
    case step::kind::every:
    case step::kind::filter:
      if (from.get(list) != simdjson::SUCCESS)
        return {};
      return first_match(list, next, path);
    }
  }
  return from.is_null() ? std::nullopt : std::optional(from);
}

std::string_view text_at(element from, std::string_view path, std::string_view otherwise) {
  std::string_view text;
  auto found = find_path(from, path);
  if (!found || found->get(text) != simdjson::SUCCESS || text.empty())
    return otherwise;
  return text;
}

std::int64_t number_at(element from, std::string_view path, std::int64_t otherwise) {
  std::int64_t number = 0;
  auto found = find_path(from, path);
  return found && found->get(number) == simdjson::SUCCESS ? number : otherwise;
}

bool flag_at(element from, std::string_view path, bool otherwise) {
  bool flag = false;
  auto found = find_path(from, path);
  return found && found->get(flag) == simdjson::SUCCESS ? flag : otherwise;
}

std::vector<element> list_at(element from, std::string_view path) {
  std::vector<element> out;
  dom::array list;
  auto found = find_path(from, path);
  if (found && found->get(list) == simdjson::SUCCESS)
    for (auto part : list)
      out.push_back(part);
  return out;
}

std::size_t count_at(element from, std::string_view path) {
  auto found = find_path(from, path);
  if (!found)
    return 0;
  if (found->is_array())
    return found->get_array().value_unsafe().size();
  return found->is_object() ? found->get_object().value_unsafe().size() : 0;
}

std::optional<element> condition_of(element from, std::string_view path, std::string_view type) {
  for (auto one : list_at(from, path))
    if (text_at(one, "type") == type)
      return one;
  return {};
}

std::string plain(element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS)
    return std::string(text);
  return simdjson::minify(value);
}

std::string plain_at(element from, std::string_view path, std::string_view otherwise) {
  auto found = find_path(from, path);
  auto text = found ? plain(*found) : std::string();
  return text.empty() ? std::string(otherwise) : text;
}

void put_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, hex[byte >> 4U]).append(1, hex[byte & 15U]);
    } else {
      out += c;
    }
  }
  out += '"';
}

void put_number(std::string& out, std::int64_t number) { out += std::to_string(number); }

void put_flag(std::string& out, bool flag) { out += flag ? "true" : "false"; }

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const auto& part : parts) {
    if (&part != &parts.front())
      out.append(between);
    out.append(part);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string since(std::string_view time, instant now) {
  auto then = api::parse_time(time);
  return then ? human_duration(now - *then) : "<unknown>";
}

std::string labels_text(std::optional<element> labels) {
  std::vector<std::string> parts;
  dom::object members;
  if (labels && labels->get(members) == simdjson::SUCCESS)
    for (auto [key, value] : members)
      parts.push_back(std::string(key) + "=" + plain(value));
  std::ranges::sort(parts);
  return parts.empty() ? "<none>" : join(parts);
}

std::string selector_text(std::optional<element> selector) {
  if (!selector)
    return {};
  std::vector<std::pair<std::string, std::string>> parts; // key, text
  dom::object members;
  if (auto labels = find_path(*selector, "matchLabels");
      labels && labels->get(members) == simdjson::SUCCESS)
    for (auto [key, value] : members)
      parts.emplace_back(key, std::string(key) + "=" + plain(value));
  for (auto one : list_at(*selector, "matchExpressions")) {
    std::string key(text_at(one, "key"));
    auto how = text_at(one, "operator");
    std::vector<std::string> values;
    for (auto value : list_at(one, "values"))
      values.push_back(plain(value));
    std::ranges::sort(values);
    if (how == "Exists")
      parts.emplace_back(key, key);
    else if (how == "DoesNotExist")
      parts.emplace_back(key, "!" + key);
    else
      parts.emplace_back(key, key + (how == "In" ? " in (" : " notin (") + join(values) + ")");
  }
  std::ranges::stable_sort(parts, {}, &std::pair<std::string, std::string>::first);
  std::vector<std::string> texts;
  for (auto& [key, text] : parts)
    texts.push_back(std::move(text));
  return join(texts);
}

std::string some_of(std::vector<std::string> parts, std::size_t shown, std::string_view none) {
  auto all = parts.size();
  if (all == 0)
    return std::string(none);
  parts.resize(std::min(all, shown));
  auto out = join(parts);
  if (all > shown)
    out += " + " + std::to_string(all - shown) + " more...";
  return out;
}

} // namespace troupe::codec
