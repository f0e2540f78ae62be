#include "config/api/views/namespace.hpp"

#include "config/api/views/parts.hpp"

namespace troupe::views {

result<name_space> name_space::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  return name_space{.meta = o.meta,
                    .phase = root["status"]["phase"].text("Active"),
                    .finalizers = root["spec"]["finalizers"].texts(),
                    .conditions = read_conditions(root["status"]["conditions"])};
}

} // namespace troupe::views
