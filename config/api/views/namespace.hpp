// A Namespace as its controller reads it.
#pragma once

#include "config/api/views/condition.hpp"

namespace troupe::views {

struct name_space {
  api::metadata meta;
  std::string phase = "Active";
  std::vector<std::string> finalizers; // spec.finalizers
  std::vector<condition> conditions;
  bool operator==(const name_space&) const = default;

  static result<name_space> from(const api::object& o);
};

} // namespace troupe::views
