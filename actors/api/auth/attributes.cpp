#include "actors/api/auth/attributes.hpp"

#include "config/api/selector.hpp"

#include <algorithm>
#include <array>

namespace troupe::authz {
namespace {

using api::verb;

std::string_view verb_text(verb v) {
  constexpr std::array<std::string_view, 9> names{
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "get"};
  return names[static_cast<std::size_t>(v)];
}

bool of_many(verb v) { return v == verb::list || v == verb::watch || v == verb::remove_collection; }

} // namespace

std::string attributes::full_resource() const {
  return subresource.empty() ? plural : plural + "/" + subresource;
}

attributes attributes_of(const api::request& r) {
  attributes out{.who = r.from,
                 .verb = std::string{verb_text(r.verb)},
                 .resource = r.verb != verb::document,
                 .group = r.group,
                 .plural = r.resource,
                 .subresource = r.subresource,
                 .ns = r.ns,
                 .name = r.name,
                 .path = {},
                 .field_selector = r.options.field_selector};
  if (!out.resource)
    out.path = r.path.substr(0, r.path.find('?'));
  if (out.name.empty() && of_many(r.verb) && !r.options.field_selector.empty())
    if (auto fields = api::parse_field_selector(r.options.field_selector))
      if (const auto* one = fields->required("metadata.name"))
        out.name = *one;
  if (out.resource && r.group.empty() && r.resource == "namespaces" && r.ns.empty())
    out.ns = r.name; // a namespace is in itself: a RoleBinding there may let it be read
  return out;
}

attributes asks(const api::user& who, std::string_view verb, std::string_view group,
                std::string_view plural, std::string_view ns, std::string_view name) {
  return {.who = who,
          .verb = std::string{verb},
          .resource = true,
          .group = std::string{group},
          .plural = std::string{plural},
          .subresource = {},
          .ns = std::string{ns},
          .name = std::string{name},
          .path = {}};
}

bool in_group(const api::user& u, std::string_view group) {
  return std::find(u.groups.begin(), u.groups.end(), group) != u.groups.end();
}

failure refused(const attributes& a, std::string_view why) {
  auto reasoned = [&](std::string text) {
    if (!why.empty())
      text.append(": ").append(why);
    return failure{.reason = reason::forbidden, .message = std::move(text)};
  };
  if (!a.resource)
    return reasoned("forbidden: User \"" + a.who.name + "\" cannot " + a.verb + " path \"" + a.path
                    + "\"");
  auto text = a.plural + (a.group.empty() ? "" : "." + a.group)
              + (a.name.empty() ? "" : " \"" + a.name + "\"") + " is forbidden: User \""
              + a.who.name + "\" cannot " + a.verb + " resource \"" + a.full_resource()
              + "\" in API group \"" + a.group + "\"";
  return reasoned(
    text + (a.ns.empty() ? " at the cluster scope" : " in the namespace \"" + a.ns + "\""));
}

} // namespace troupe::authz
