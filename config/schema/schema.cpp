// Look-ups over the generated tables.
#include "config/schema/schema.hpp"

#include "config/schema/tables.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::schema {

namespace {

using key = std::tuple<std::string_view, std::string_view, std::string_view>;

/// The resource whose three names equal `wanted` in an index sorted by them, or null.
template <class Names>
const resource* look_up(std::span<const resource* const> index, const key& wanted, Names names) {
  auto at = std::ranges::lower_bound(index, wanted, {}, names);
  return at != index.end() && names(*at) == wanted ? *at : nullptr;
}

class static_catalog final : public catalog {
public:
  const resource* find(std::string_view group, std::string_view version,
                       std::string_view plural) const override {
    return look_up(tables::by_plural, {group, version, plural}, [](const resource* r) {
      return key{r->group, r->version, r->plural};
    });
  }
  const resource* by_kind(std::string_view group, std::string_view version,
                          std::string_view kind) const override {
    return look_up(tables::by_kind, {group, version, kind}, [](const resource* r) {
      return key{r->group, r->version, r->kind};
    });
  }
  const type* definition(std::string_view name) const override {
    std::span<const type* const> index = tables::named_types;
    auto at = std::ranges::lower_bound(index, name, {}, &type::name);
    return at != index.end() && (*at)->name == name ? *at : nullptr;
  }
  std::span<const resource* const> resources() const override { return tables::listed; }
  std::span<const type* const> definitions() const override { return tables::named_types; }
};

} // namespace

const field* type::find(std::string_view field_name) const {
  auto at = std::ranges::lower_bound(fields, field_name, {}, &field::name);
  return at != fields.end() && at->name == field_name ? &*at : nullptr;
}

std::string resource::api_version() const {
  std::string out;
  if (!group.empty())
    out.append(group).append("/");
  return out.append(version);
}

std::string resource::qualified() const {
  std::string out(plural);
  if (!group.empty())
    out.append(".").append(group);
  return out;
}

const subresource* resource::find(std::string_view subresource_name) const {
  auto at = std::ranges::find(subresources, subresource_name, &subresource::name);
  return at == subresources.end() ? nullptr : &*at;
}

catalog_ptr built_in() {
  static const auto shared = std::make_shared<const static_catalog>();
  return shared;
}

} // namespace troupe::schema
