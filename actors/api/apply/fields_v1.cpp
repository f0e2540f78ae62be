#include "actors/api/apply/fields_v1.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace troupe::apply {
namespace {

using json = nlohmann::json;

constexpr std::string_view letters = "fikv"; // of step::kind
constexpr int most_levels = 512;

failure malformed(std::string_view what) {
  return {.reason = reason::bad_request, .message = "reading fieldsV1: " + std::string{what}};
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20
           && static_cast<unsigned char>(c) < 0x80;
  });
}

/// Keys and values in one form, whoever wrote them.
std::optional<std::string> canonical(std::string_view text, bool keys) {
  auto value = json::parse(text, nullptr, false);
  if (value.is_discarded() || value.is_object() != keys || value.is_array())
    return std::nullopt;
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<step> step_of(std::string text) {
  auto letter = text.size() < 2 || text[1] != ':' ? letters.npos : letters.find(text[0]);
  if (letter == letters.npos)
    return malformed("\"" + text + "\" is no step of a path");
  step out{static_cast<step::kind>(letter), text.substr(2)};
  if (out.what == step::kind::field)
    return out;
  auto same = canonical(out.text, out.what == step::kind::key);
  if (!same)
    return malformed("\"" + text + "\" holds no JSON");
  out.text = std::move(*same);
  return out;
}

/// Reads the compact form front to back.
class reader {
public:
  explicit reader(std::string_view text) : rest_(text) {}

  result<path_set> whole() {
    OR_RETURN(auto out, object(nullptr, 0));
    if (!rest_.empty())
      return malformed("something follows its end");
    return out;
  }

private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// The string that stands here; nothing when it is none.
  std::optional<std::string> string() {
    if (rest_.empty() || rest_.front() != '"')
      return std::nullopt;
    auto end = rest_.find_first_of("\"\\", 1);
    auto escaped = end != rest_.npos && rest_[end] == '\\';
    while (end != rest_.npos && rest_[end] == '\\')
      end = end + 2 <= rest_.size() ? rest_.find_first_of("\"\\", end + 2) : rest_.npos;
    if (end == rest_.npos)
      return std::nullopt;
    auto raw = rest_.substr(0, end + 1);
    rest_.remove_prefix(end + 1);
    if (!escaped)
      return std::string{raw.substr(1, raw.size() - 2)};
    auto value = json::parse(raw, nullptr, false);
    return value.is_string() ? std::optional{value.get<std::string>()} : std::nullopt;
  }

  /// `member`: set when the object says "." of itself.
  result<path_set> object(bool* member, int depth) {
    path_set out;
    if (depth > most_levels || !take('{'))
      return malformed("an object is expected");
    if (take('}'))
      return out;
    do {
      auto key = string();
      if (!key || !take(':'))
        return malformed("a member is expected");
      if (*key == ".") {
        if (!member || !take('{') || !take('}'))
          return malformed("\".\" is out of place");
        *member = true;
        continue;
      }
      OR_RETURN(auto at, step_of(std::move(*key)));
      auto leaf = rest_.substr(0, 2) == "{}";
      bool self = false;
      OR_RETURN(auto below, object(&self, depth + 1));
      out.add(std::move(at), self || leaf, std::move(below));
    } while (take(','));
    if (!take('}'))
      return malformed("an object does not end");
    return out;
  }

  std::string_view rest_;
};

void append_step(std::string& out, const step& s) {
  auto letter = letters[static_cast<std::size_t>(s.what)];
  if (is_plain(s.text)) {
    (out += '"') += letter;
    (out += ':').append(s.text) += '"';
    return;
  }
  append_quoted(out, std::string{letter, ':'} + s.text);
}

/// `self`: the set's own owner is a member, too.
void append(std::string& out, const path_set& set, bool self) {
  out.append(self ? "{\".\":{}" : "{");
  for (const auto& n : set.nodes()) {
    if (out.back() != '{')
      out += ',';
    append_step(out, n.at);
    out += ':';
    append(out, n.below, n.member && !n.below.empty());
  }
  out += '}';
}

} // namespace

void append_quoted(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out += '"';
    out.append(text);
    out += '"';
    return;
  }
  out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_fields_v1(std::string& out, const path_set& set) { append(out, set, false); }

std::string to_fields_v1(const path_set& set) {
  std::string out;
  append_fields_v1(out, set);
  return out;
}

result<path_set> read_fields_v1(std::string_view text) { return reader{text}.whole(); }

} // namespace troupe::apply
