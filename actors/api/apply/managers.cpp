#include "actors/api/apply/managers.hpp"

#include "actors/api/apply/fields_v1.hpp"
#include "config/api/peek.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace troupe::apply {
namespace {

constexpr std::string_view ancient = "ancient-changes";
constexpr std::string_view fields_type = "FieldsV1";

/// The raw elements of a compact JSON array.
std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> out;
  for (std::size_t at = 1; at + 1 < array.size();) {
    auto end = api::skip_value(array, at);
    out.push_back(array.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// The text of a raw string; what is no string is empty.
std::string text_of(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"')
    return {};
  if (raw.find('\\') == raw.npos)
    return std::string{raw.substr(1, raw.size() - 2)};
  auto value = nlohmann::json::parse(raw, nullptr, false);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

void set_member(entry& e, std::string_view name, std::string_view raw) {
  if (name == "manager")
    e.manager = text_of(raw);
  else if (name == "operation")
    e.how = raw == R"("Apply")" ? operation::apply : operation::update;
  else if (name == "apiVersion")
    e.api_version = text_of(raw);
  else if (name == "subresource")
    e.subresource = text_of(raw);
  else if (name == "time")
    e.time = text_of(raw);
  else if (name == "fieldsV1")
    e.fields = claim{std::string{raw}};
}

/// One pass over `{"name":value,...}` that begins at `at`; the result stands behind it.
std::size_t read_entry(std::string_view text, std::size_t at, entry& into) {
  for (++at; at < text.size() && text[at] == '"';) {
    auto end = api::skip_value(text, at);
    auto name = text.substr(at + 1, end - at - 2);
    at = end + 1;
    end = std::min(api::skip_value(text, at), text.size());
    set_member(into, name, text.substr(at, end - at));
    at = end;
    if (at < text.size() && text[at] == ',')
      ++at;
  }
  return at + 1;
}

result<void> check_entry(std::string_view text) {
  auto how = api::peek_text(text, {"operation"});
  auto type = api::peek_text(text, {"fieldsType"});
  auto wrong = [](std::string what) {
    return failure{.reason = reason::bad_request, .message = "managedFields: " + std::move(what)};
  };
  if (how != "Apply" && how != "Update")
    return wrong("operation must be `Apply` or `Update`, not \"" + how + "\"");
  if (type != fields_type)
    return wrong("fieldsType must be `FieldsV1`, not \"" + type + "\"");
  OR_RETURN([[maybe_unused]] auto set,
            read_fields_v1(api::peek_raw(text, {"fieldsV1"}).value_or("{}")));
  return {};
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty())
    return;
  if (out.back() != '{')
    out += ',';
  out.append("\"").append(name).append("\":");
  append_quoted(out, text);
}

void append_entry(std::string& out, const entry& e, bool with_time) {
  out += '{';
  append_member(out, "apiVersion", e.api_version);
  append_member(out, "fieldsType", fields_type);
  out.append(",\"fieldsV1\":").append(e.fields.text());
  append_member(out, "manager", e.manager);
  append_member(out, "operation", e.how == operation::apply ? "Apply" : "Update");
  append_member(out, "subresource", e.subresource);
  if (with_time)
    append_member(out, "time", e.time);
  out += '}';
}

std::string write(const managers& m, bool with_time) {
  if (m.empty())
    return {};
  std::vector<const entry*> sorted;
  for (const auto& e : m.entries())
    sorted.push_back(&e);
  auto order = [&](const entry* e) {
    return std::make_tuple(e->how, std::string_view{with_time ? e->time : std::string_view{}},
                           std::string_view{e->manager}, std::string_view{e->api_version},
                           std::string_view{e->subresource});
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const entry* a, const entry* b) { return order(a) < order(b); });
  std::string out = "[";
  for (const auto* e : sorted) {
    if (out.size() > 1)
      out += ',';
    append_entry(out, *e, with_time);
  }
  out += ']';
  return out;
}

} // namespace

// -- claim ----------------------------------------------------------------------

const path_set& claim::set() const {
  if (!set_) {
    auto read = text_ ? read_fields_v1(*text_) : result<path_set>{path_set{}};
    set_ = read ? std::move(*read) : path_set{};
  }
  return *set_;
}

const std::string& claim::text() const {
  if (!text_)
    text_ = to_fields_v1(set());
  return *text_;
}

bool claim::empty() const {
  if (!set_ && text_)
    return *text_ == "{}";
  return set().empty();
}

bool claim::may_meet(const path_set& other) const {
  if (set_ || !text_)
    return !other.empty();
  return std::any_of(other.nodes().begin(), other.nodes().end(), [&](const path_set::node& n) {
    path_set root;
    root.add(n.at, true, {});
    auto text = to_fields_v1(root); // {"f:spec":{}}
    return text_->find(std::string_view{text}.substr(1, text.size() - 4)) != std::string::npos;
  });
}

path_set& claim::writable() {
  (void)set();
  text_.reset();
  return *set_;
}

void claim::subtract(const path_set& other) {
  if (!may_meet(other) || set().intersection(other).empty())
    return;
  writable().subtract(other);
}

void claim::unite(const path_set& other) {
  auto both = set();
  both.unite(other);
  if (both == set())
    return;
  writable() = std::move(both);
}

// -- managers -------------------------------------------------------------------

entry* managers::find(const identity& who) {
  auto at =
    std::find_if(entries_.begin(), entries_.end(), [&](const entry& e) { return e.who() == who; });
  return at == entries_.end() ? nullptr : &*at;
}

entry& managers::at(const identity& who, std::string_view api_version) {
  if (auto* known = find(who))
    return *known;
  entries_.push_back({.manager = who.manager,
                      .how = who.how,
                      .api_version = std::string{api_version},
                      .subresource = who.subresource,
                      .time = {},
                      .fields = claim{path_set{}}});
  return entries_.back();
}

void managers::drop_empty() {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [](const entry& e) { return e.fields.empty(); }),
                 entries_.end());
}

void managers::cap() {
  std::vector<identity> updaters;
  for (const auto& e : entries_)
    if (e.how == operation::update)
      updaters.push_back(e.who());
  if (updaters.size() <= most_updaters)
    return;
  std::stable_sort(updaters.begin(), updaters.end(), [&](const identity& a, const identity& b) {
    return std::make_tuple(find(a)->time, a) < std::make_tuple(find(b)->time, b);
  });
  std::map<std::string, identity> first_of; // of each version: the oldest
  auto left = updaters.size();
  for (const auto& who : updaters) {
    if (left <= most_updaters)
      return;
    auto [first, fresh] = first_of.emplace(who.api_version, who);
    if (fresh)
      continue;
    identity bucket{std::string{ancient}, operation::update, who.api_version, {}};
    if (!find(bucket)) {
      auto* oldest = find(first->second);
      oldest->manager = ancient;
      oldest->subresource.clear();
    }
    if (who == bucket)
      continue;
    auto* merged = find(who);
    auto* into = find(bucket);
    into->fields.unite(merged->fields.set());
    into->time = merged->time;
    entries_.erase(entries_.begin() + (merged - entries_.data()));
    --left;
  }
}

std::string to_text(const managers& m) { return write(m, true); }

managers read_managers(std::string_view text) {
  managers out;
  for (std::size_t at = 1; at < text.size() && text[at] == '{';) {
    entry e;
    at = read_entry(text, at, e) + 1; // behind the comma
    out.entries().push_back(std::move(e));
  }
  return out;
}

result<managers> check_managers(std::string_view text) {
  if (text.size() < 2 || text.front() != '[')
    return failure{.reason = reason::bad_request, .message = "managedFields must be a list"};
  for (auto e : elements_of(text))
    CHECK_RETURN(check_entry(e));
  auto sent = read_managers(text);
  managers out;
  for (auto& e : sent.entries()) { // in our own form, each manager once
    auto& known = out.at(e.who(), e.api_version);
    known.api_version = e.api_version;
    known.time = std::max(known.time, e.time);
    known.fields = claim{path_set{e.fields.set()}};
  }
  return out;
}

bool is_reset(std::string_view text) { return text == "[{}]"; }

bool same_but_times(std::string_view a, std::string_view b) {
  return a == b || write(read_managers(a), false) == write(read_managers(b), false);
}

} // namespace troupe::apply
