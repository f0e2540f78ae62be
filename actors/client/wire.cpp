#include "actors/client/protocol.hpp"

namespace troupe::client {
namespace {

std::string object_of(const api::request& r) {
  return r.resource + '/' + (r.ns.empty() ? "" : r.ns + '/') + r.name;
}

} // namespace

bool read_object(api::object_ptr& into, shared_bytes body, revision version, cause_id cause) {
  auto read = api::parse_object(std::move(body), version);
  if (!read)
    return false;
  read->cause = cause;
  into = std::make_shared<const api::object>(std::move(*read));
  return true;
}

std::string traced_object(const call& m) { return object_of(m.what); }

std::string traced_object(const open_watch& m) { return object_of(m.what); }

std::string traced_object(const events& m) {
  if (m.list.empty() || !m.list.front().of)
    return {};
  const auto& o = *m.list.front().of;
  return o.kind + '/' + (o.meta.ns.empty() ? "" : o.meta.ns + '/') + o.meta.name;
}

} // namespace troupe::client
