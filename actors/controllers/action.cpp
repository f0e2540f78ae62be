#include "actors/controllers/action.hpp"

namespace troupe::control {

target at(const resource& of, const api::metadata& meta) {
  return {.of = of, .ns = meta.ns, .name = meta.name, .uid = meta.uid, .version = std::nullopt};
}

target exactly(const resource& of, const api::metadata& meta) {
  return {.of = of, .ns = meta.ns, .name = meta.name, .uid = meta.uid, .version = meta.version};
}

api::owner controlled_by(const api::metadata& owner, std::string api_version, std::string kind) {
  return {.api_version = std::move(api_version),
          .kind = std::move(kind),
          .name = owner.name,
          .uid = owner.uid,
          .controller = true,
          .block_owner_deletion = true};
}

} // namespace troupe::control
