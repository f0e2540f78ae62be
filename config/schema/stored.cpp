// A look-up in the generated tables, without a search: storing is asked for by every request.
#include "config/schema/stored.hpp"

#include "config/schema/tables.hpp"

#include <functional>
#include <iterator>

namespace troupe::schema {

const resource* built_in_stored(const resource& of) {
  const auto* first = std::begin(tables::resources);
  constexpr std::less<const resource*> before;
  if (before(&of, first) || !before(&of, first + std::size(tables::stored)))
    return nullptr;
  return tables::stored[&of - first];
}

} // namespace troupe::schema
