// What of an object protobuf can say: all but the apiVersion and kind of objects within objects,
// which have no numbers.
#pragma once

#include "config/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace troupe::support {

inline void drop_unnumbered(const schema::type& of, nlohmann::json& tree, bool outermost = true) {
  if (of.element && tree.is_structured()) {
    for (auto& part : tree)
      drop_unnumbered(*of.element, part, false);
    return;
  }
  if (of.what != schema::shape::object || !tree.is_object())
    return;
  for (const auto& f : of.fields)
    if (auto at = tree.find(f.name); at != tree.end()) {
      if (f.wire == 0 && !outermost)
        tree.erase(at);
      else
        drop_unnumbered(*f.of, *at, false);
    }
}

} // namespace troupe::support
