#include "config/versions/versions.hpp"

#include "config/schema/stored.hpp"
#include "config/versions/rows.hpp"

namespace troupe::versions {
namespace {

using json = nlohmann::json;

std::string_view text_of(const json& tree, const char* key) {
  auto at = tree.find(key);
  return at != tree.end() && at->is_string() ? at->get_ref<const std::string&>()
                                             : std::string_view{};
}

void to_hub(json& tree, const row& how) {
  if (how.to_hub)
    how.to_hub(tree);
  for (const auto& p : how.places)
    each_at(tree, p.at, [&](json& object) { move_to_hub(object, p.moves); });
}

void from_hub(json& tree, const row& how) {
  for (const auto& p : how.places)
    each_at(tree, p.at, [&](json& object) { move_from_hub(object, p.moves); });
  if (how.from_hub)
    how.from_hub(tree);
}

} // namespace

const schema::resource& stored_as(const schema::catalog& all, const schema::resource& of) {
  if (const auto* known = schema::built_in_stored(of))
    return *known;
  for (const auto* r : all.resources())
    if (r->group == of.group && r->plural == of.plural)
      return *r;
  return of;
}

void convert(json& tree, const schema::resource& to) {
  auto wanted = to.api_version();
  auto have = text_of(tree, "apiVersion");
  if (have == wanted)
    return;
  if (const auto* how = row_of(have, to.kind))
    to_hub(tree, *how);
  if (const auto* how = row_of(wanted, to.kind))
    from_hub(tree, *how);
  tree["apiVersion"] = std::move(wanted);
  tree["kind"] = std::string{to.kind};
}

bool speaks(std::string_view body, const schema::resource& of) {
  constexpr std::string_view head = R"({"apiVersion":")";
  auto starts = [&](std::string_view with) {
    if (body.substr(0, with.size()) != with)
      return false;
    body.remove_prefix(with.size());
    return true;
  };
  if (!starts(head))
    return false;
  if (!of.group.empty() && !(starts(of.group) && starts("/")))
    return false;
  return starts(of.version) && starts("\"");
}

} // namespace troupe::versions
