#include "config/api/selector.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace troupe::api {
namespace {

using test = label_requirement::test;

failure bad(std::string message) {
  return {.reason = reason::bad_request, .message = std::move(message)};
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_special(char c) {
  return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' || c == '<';
}

/// Words, and the operators = == != > < ( ) , ! each as one token; the end is an empty token.
class lexer {
public:
  explicit lexer(std::string_view text) : text_(text) {}

  std::string_view peek() {
    auto keep = at_;
    auto token = next();
    at_ = keep;
    return token;
  }
  std::string_view next() {
    while (at_ < text_.size() && is_space(text_[at_]))
      ++at_;
    auto start = at_;
    if (at_ == text_.size())
      return {};
    if (is_special(text_[at_])) {
      ++at_;
      if (at_ < text_.size() && text_[at_] == '=' && (text_[start] == '=' || text_[start] == '!'))
        ++at_;
      return text_.substr(start, at_ - start);
    }
    while (at_ < text_.size() && !is_space(text_[at_]) && !is_special(text_[at_]))
      ++at_;
    return text_.substr(start, at_ - start);
  }

private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_word(std::string_view token) { return !token.empty() && !is_special(token[0]); }

failure unexpected(std::string_view found, std::string_view expected) {
  return bad("unable to parse requirement: found '" + std::string{found}
             + "', expected: " + std::string{expected});
}

bool name_body(std::string_view s) {
  auto alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return alnum(s.front()) && alnum(s.back()) && std::all_of(s.begin(), s.end(), [&](char c) {
           return alnum(c) || c == '-' || c == '_' || c == '.';
         });
}

result<void> check_key(std::string_view key) {
  auto slash = key.find('/');
  auto name = slash == key.npos ? key : key.substr(slash + 1);
  if (name.empty() || name.size() > 63 || !name_body(name) || slash == 0
      || (slash != key.npos && key.substr(0, slash).size() > 253))
    return bad("unable to parse requirement: <nil>: Invalid value: \"" + std::string{key}
               + "\": name part must consist of alphanumeric characters, '-', '_' or '.', and must "
                 "start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
                 "'123-abc', regex used for validation is "
                 "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");
  return {};
}

result<void> check_value(std::string_view key, std::string_view value) {
  if (value.size() > 63 || (!value.empty() && !name_body(value)))
    return bad("unable to parse requirement: values[0][" + std::string{key} + "]: Invalid value: \""
               + std::string{value}
               + "\": a valid label must be an empty string or consist of alphanumeric characters, "
                 "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
                 "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                 "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
  return {};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return out;
}

/// The list of values behind `in` or `notin`.
result<std::vector<std::string>> read_values(lexer& in) {
  if (auto open = in.next(); open != "(")
    return unexpected(open, "'('");
  std::vector<std::string> out;
  for (;;) {
    if (is_word(in.peek()))
      out.emplace_back(in.next());
    else if (auto t = in.peek(); t == "," || t == ")")
      out.emplace_back(); // (a,,b) and () hold the empty value
    auto token = in.next();
    if (token == ")")
      break;
    if (token != ",")
      return unexpected(token, "',', or ')'");
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

result<label_requirement> read_requirement(lexer& in) {
  label_requirement r;
  auto token = in.next();
  if (token == "!") {
    r.what = test::absent;
    token = in.next();
  }
  if (!is_word(token))
    return unexpected(token, "!, identifier, or 'end of string'");
  r.key = token;
  CHECK_RETURN(check_key(r.key));
  auto op = in.peek();
  if (r.what == test::absent || op.empty() || op == ",")
    return r;
  in.next();
  if (op == "=" || op == "==" || op == "!=" || op == ">" || op == "<") {
    r.what = op == "!="  ? test::not_in
             : op == ">" ? test::greater
             : op == "<" ? test::less
                         : test::in;
    r.values.emplace_back(is_word(in.peek()) ? in.next() : std::string_view{});
    if ((op == ">" || op == "<") && !number(r.values[0]))
      return bad("unable to parse requirement: values[0]: Invalid value: \"" + r.values[0]
                 + "\": for 'Gt', 'Lt' operators, the value must be an integer");
  } else if (op == "in" || op == "notin") {
    r.what = op == "in" ? test::in : test::not_in;
    OR_RETURN(r.values, read_values(in));
  } else {
    return unexpected(op, "in, notin, =, ==, !=, gt, lt");
  }
  for (const auto& v : r.values)
    CHECK_RETURN(check_value(r.key, v));
  return r;
}

result<label_requirement> expression_of(const nlohmann::json& e) {
  label_requirement r;
  if (!e.is_object())
    return bad("a matchExpressions entry is not an object");
  r.key = e.value("key", "");
  auto op = e.value("operator", "");
  if (auto values = e.find("values"); values != e.end() && values->is_array())
    for (const auto& v : *values)
      r.values.push_back(v.is_string() ? v.get<std::string>() : v.dump());
  std::sort(r.values.begin(), r.values.end());
  if (op == "In" || op == "NotIn") {
    if (r.values.empty())
      return bad("for 'in', 'notin' operators, values set can't be empty");
    r.what = op == "In" ? test::in : test::not_in;
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!r.values.empty())
      return bad("values set must be empty for exists and does not exist");
    r.what = op == "Exists" ? test::exists : test::absent;
  } else {
    return bad("\"" + op + "\" is not a valid label selector operator");
  }
  return r;
}

} // namespace

bool label_requirement::matches(const string_map& labels) const {
  auto found = labels.find(key);
  auto has = found != labels.end();
  auto listed = has && std::binary_search(values.begin(), values.end(), found->second);
  switch (what) {
  case test::in: return listed;
  case test::not_in: return !listed;
  case test::exists: return has;
  case test::absent: return !has;
  case test::greater:
  case test::less: {
    auto value = has ? number(found->second) : std::nullopt;
    auto bound = values.empty() ? std::nullopt : number(values[0]);
    return value && bound && (what == test::greater ? *value > *bound : *value < *bound);
  }
  }
  return false;
}

bool label_selector::matches(const string_map& labels) const {
  return !nothing
         && std::all_of(all.begin(), all.end(), [&](const auto& r) { return r.matches(labels); });
}

result<label_selector> parse_label_selector(std::string_view text) {
  label_selector out;
  lexer in{text};
  if (in.peek().empty())
    return out;
  for (;;) {
    OR_RETURN(auto r, read_requirement(in));
    out.all.push_back(std::move(r));
    auto token = in.next();
    if (token.empty())
      break;
    if (token != ",")
      return unexpected(token, "',' or 'end of string'");
    if (in.peek().empty())
      return unexpected({}, "identifier after ','");
  }
  std::stable_sort(out.all.begin(), out.all.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

result<label_selector> label_selector_of(const nlohmann::json& tree) {
  if (!tree.is_object())
    return label_selector{.all = {}, .nothing = true};
  label_selector out;
  if (auto map = tree.find("matchLabels"); map != tree.end() && map->is_object())
    for (const auto& [key, value] : map->items())
      out.all.push_back({key, test::in, {value.is_string() ? value.get<std::string>() : ""}});
  if (auto list = tree.find("matchExpressions"); list != tree.end() && list->is_array())
    for (const auto& e : *list) {
      OR_RETURN(auto r, expression_of(e));
      out.all.push_back(std::move(r));
    }
  std::stable_sort(out.all.begin(), out.all.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

label_selector label_selector_of_map(const nlohmann::json& map) {
  label_selector out{.all = {}, .nothing = !map.is_object() || map.empty()};
  if (map.is_object())
    for (const auto& [key, value] : map.items())
      out.all.push_back({key, test::in, {value.is_string() ? value.get<std::string>() : ""}});
  return out;
}

std::string to_string(const label_selector& s) {
  std::string out;
  for (const auto& r : s.all) {
    if (!out.empty())
      out += ',';
    if (r.what == test::absent)
      out += '!';
    out += r.key;
    if (r.what == test::exists || r.what == test::absent)
      continue;
    if (r.what == test::greater || r.what == test::less
        || (r.what == test::in && r.values.size() == 1)) {
      out += r.what == test::greater ? '>' : r.what == test::less ? '<' : '=';
      out += r.values.empty() ? "" : r.values[0];
      continue;
    }
    out += r.what == test::in ? " in (" : " notin (";
    for (std::size_t i = 0; i < r.values.size(); ++i)
      out += (i ? "," : "") + r.values[i];
    out += ')';
  }
  return out;
}

} // namespace troupe::api
