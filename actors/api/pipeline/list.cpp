// GET of one object and of a collection.
#include "actors/api/pipeline/list.hpp"

#include "actors/api/pipeline/answer.hpp"
#include "config/api/peek.hpp"

namespace troupe::pipeline {
namespace {

constexpr std::string_view base64_digits =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64(std::string_view bytes) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (char c : bytes) {
    held = (held << 8) | static_cast<std::uint8_t>(c);
    for (bits += 8; bits >= 6; bits -= 6)
      out += base64_digits[(held >> (bits - 6)) & 0x3f];
  }
  if (bits > 0)
    out += base64_digits[(held << (6 - bits)) & 0x3f];
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (char c : text) {
    auto digit = base64_digits.find(c);
    if (digit == base64_digits.npos)
      return std::nullopt;
    held = (held << 6) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((held >> bits) & 0xff);
    }
  }
  return out;
}

failure forbidden_match(std::string_view why) {
  auto text = "Forbidden: " + std::string{why};
  return {.reason = reason::invalid,
          .message = "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: " + text,
          .causes = {{"resourceVersionMatch", "FieldValueForbidden", text}}};
}

result<void> check_list_options(const api::options& o) {
  if (o.match != api::version_match::unset && !o.version)
    return forbidden_match("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (o.match != api::version_match::unset && !o.next.empty())
    return forbidden_match("resourceVersionMatch is forbidden when continue is provided");
  if (o.match == api::version_match::exact && o.version == revision{})
    return forbidden_match("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  if (!o.next.empty() && o.version && *o.version != revision{})
    return bad_request("specifying resource version is not allowed when using continue");
  return {};
}

} // namespace

std::string to_text(const list_token& t) {
  auto at = t.at == revision{} ? std::int64_t{-1} : static_cast<std::int64_t>(raw(t.at));
  json tree{{"v", "meta.k8s.io/v1"}, {"rv", at}, {"start", t.start}, {"seen", t.seen}};
  return to_base64(tree.dump());
}

result<list_token> parse_token(std::string_view text) {
  auto bytes = from_base64(text);
  auto tree = bytes ? json::parse(*bytes, nullptr, false) : json();
  if (!tree.is_object() || tree.value("v", json()) != "meta.k8s.io/v1")
    return bad_request("continue key is not valid: it was not made by this server");
  auto rv = tree.find("rv");
  auto start = tree.find("start");
  auto seen = tree.value("seen", json(0U));
  auto at = rv != tree.end() && rv->is_number_integer() ? rv->get<std::int64_t>() : 0;
  if (at == 0 || at < -1 || start == tree.end() || !start->is_string() || !seen.is_number_unsigned()
      || start->get_ref<const std::string&>().empty()
      || start->get_ref<const std::string&>().find("..") != std::string::npos)
    return bad_request("continue key is not valid: incorrect encoded start resourceVersion or key");
  return list_token{.at = static_cast<revision>(at == -1 ? 0U : static_cast<std::uint64_t>(at)),
                    .start = start->get<std::string>(),
                    .seen = seen.get<std::uint64_t>()};
}

result<selection> selection_of(const context& c) {
  selection out;
  OR_RETURN(out.labels, api::parse_label_selector(c.request.options.label_selector));
  OR_RETURN(out.fields, api::parse_field_selector(c.request.options.field_selector));
  CHECK_RETURN(api::check_fields(out.fields, c.of.group, c.of.plural));
  return out;
}

bool selects(const selection& s, std::string_view body, const schema::resource& of) {
  if (!s.labels.everything() && !s.labels.matches(api::peek_strings(body, {"metadata", "labels"})))
    return false;
  return s.fields.everything() || s.fields.matches(body, of.group, of.plural);
}

void visit_selected(const context& c, const selection& s, const std::string& prefix,
                    const std::function<bool(const store::record_ptr&)>& visit,
                    const std::string& from) {
  auto check = [&](const store::record_ptr& record) {
    if (!s.everything() && !selects(s, *in_version(record->value, c.of), c.of))
      return true;
    return visit(record);
  };
  const auto* name = s.fields.required("metadata.name");
  if (name && from.empty()
      && (!c.of.namespaced || !c.request.ns.empty())) { // one key instead of a search
    if (auto record = name->empty() ? nullptr : c.view.get(prefix + *name))
      check(record);
    return;
  }
  c.view.scan({.prefix = prefix, .from = from, .limit = 0}, check);
}

result<freshness> freshness_of(const api::request& r) {
  using kind = freshness::kind;
  const auto& o = r.options;
  if (r.verb == api::verb::get) {
    if (!o.version)
      return freshness{kind::linearizable, {}};
    return *o.version == revision{} ? freshness{kind::any, {}}
                                    : freshness{kind::at_least, *o.version};
  }
  if (r.verb == api::verb::list) {
    CHECK_RETURN(check_list_options(o));
    if (!o.next.empty()) {
      OR_RETURN(auto token, parse_token(o.next));
      return token.at == revision{} ? freshness{kind::linearizable, {}}
                                    : freshness{kind::exact, token.at};
    }
    if (!o.version)
      return freshness{kind::linearizable, {}};
    if (*o.version == revision{})
      return freshness{kind::any, {}};
    // without a match, a limited list is exact and an unlimited one not older than
    auto exact = o.match == api::version_match::exact
                 || (o.match == api::version_match::unset && o.limit != 0);
    return freshness{exact ? kind::exact : kind::at_least, *o.version};
  }
  if (r.verb == api::verb::watch) {
    if (o.version && *o.version != revision{})
      return freshness{kind::at_least, *o.version};
    return freshness{o.version ? kind::any : kind::linearizable, {}};
  }
  return freshness{kind::any, {}};
}

result<step> get_object(context& c) {
  if (c.sub && c.sub->name == "scale")
    return scale_object(c);
  auto record = c.view.get(c.key());
  if (!record)
    return not_found(c, c.request.name);
  form shown{c.env.catalog, &c.of, c.of.of, c.request.answer, c.env.now};
  auto body = in_version(record->value, version_for(shown));
  return step{finished{answer_object(shown, *body, record->modified, 200)}};
}

result<step> list_objects(context& c) {
  const auto& o = c.request.options;
  OR_RETURN(auto chosen, selection_of(c));
  OR_RETURN(auto fresh, freshness_of(c.request));
  if (fresh.what == freshness::kind::exact && c.view.at() != fresh.at && c.env.exact != fresh.at)
    return step{need_view{fresh.at}};
  list_token token;
  if (!o.next.empty()) {
    OR_RETURN(token, parse_token(o.next));
  }
  auto prefix = c.prefix();
  form shown{c.env.catalog, &c.of, c.of.of, c.request.answer, c.env.now};
  const auto& version = version_for(shown);
  std::vector<list_entry> entries;
  list_head head{.version = fresh.what == freshness::kind::exact ? fresh.at : c.view.at()};
  auto collect = [&](const store::record_ptr& record) {
    if (o.limit != 0 && entries.size() == o.limit) {
      token.start = record->key.substr(prefix.size());
      head.next = "more";
      return false;
    }
    entries.push_back({in_version(record->value, version), record->modified});
    return true;
  };
  visit_selected(c, chosen, prefix, collect, token.start.empty() ? "" : prefix + token.start);
  if (!head.next.empty()) {
    token.at = head.version;
    token.seen += entries.size();
    head.next = to_text(token);
    if (auto all = c.view.count(prefix); chosen.everything() && all > token.seen)
      head.remaining = all - token.seen;
  }
  return step{finished{answer_list(shown, std::move(entries), head)}};
}

} // namespace troupe::pipeline
