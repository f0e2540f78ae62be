// Kubernetes' protobuf, driven by the numbers in the schema: the envelope (`k8s\0` and a
// runtime.Unknown that names the kind) and the messages within.
//
// Fields are written when they are there, in the order of the JSON; readers of protobuf accept any
// order. What has no number (custom kinds, fields of ours) cannot be said in protobuf: a kind
// without numbers is not_acceptable, a field without one is left out.
#pragma once

#include "config/base/result.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::codec {

inline constexpr std::string_view protobuf_magic{"k8s\0", 4};

/// Whether objects of this type can be written as protobuf.
bool speaks_protobuf(const schema::type& of);

/// An object's JSON as protobuf, by its apiVersion and kind. Fails with not_acceptable for kinds
/// that do not speak protobuf, bad_request for values that do not fit their type.
result<std::string> to_protobuf(const schema::catalog& kinds, std::string_view body);

/// The tree of an object in its envelope, as its JSON would have been: without zero values that say
/// nothing. Fails with unsupported_media_type for kinds that do not speak protobuf, bad_request for
/// anything malformed.
result<nlohmann::json> from_protobuf(const schema::catalog& kinds, std::string_view bytes);

/// The message of one object, without envelope. (For lists, written object by object.)
result<std::string> protobuf_message(const schema::type& of, std::string_view body);
/// Appends a field of bytes: a list's item is field 2, its metadata field 1.
void append_protobuf_field(std::string& out, std::uint32_t number, std::string_view bytes);
/// The envelope around a message.
std::string protobuf_envelope(std::string_view api_version, std::string_view kind,
                              std::string_view message);
/// A frame of a watch: 4 bytes of length, then a WatchEvent of `type` (ADDED, ...) with an
/// enveloped object.
std::string protobuf_watch_frame(std::string_view type, std::string_view enveloped);

} // namespace troupe::codec
