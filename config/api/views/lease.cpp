#include "config/api/views/lease.hpp"

#include "config/api/views/reader.hpp"

namespace troupe::views {

result<lease> lease::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  return lease{.meta = o.meta,
               .holder = root["spec"]["holderIdentity"].text(),
               .renewed = root["spec"]["renewTime"].time()};
}

} // namespace troupe::views
