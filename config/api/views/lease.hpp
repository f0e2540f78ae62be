// coordination.k8s.io Lease: who holds it and when it was renewed.
#pragma once

#include "config/api/object.hpp"

namespace troupe::views {

struct lease {
  api::metadata meta;
  std::string holder;
  std::optional<instant> renewed;
  bool operator==(const lease&) const = default;

  static result<lease> from(const api::object& o);
};

} // namespace troupe::views
