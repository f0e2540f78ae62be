#include "actors/client/protocol.hpp"

namespace troupe::client {
namespace {

std::string object_of(const api::request& r) {
  return r.resource + '/' + (r.ns.empty() ? "" : r.ns + '/') + r.name;
}

} // namespace

api::object_ptr read_object(shared_bytes body, revision version, cause_id cause) {
  api::object out;
  if (auto read = body ? api::parse_object(body, version) : result<api::object>{failure{}})
    out = std::move(*read);
  out.body = body ? std::move(body) : share({});
  out.meta.version = version;
  out.cause = cause;
  return std::make_shared<const api::object>(std::move(out));
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
