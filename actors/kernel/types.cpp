#include "actors/kernel/types.hpp"

#include "actors/kernel/inspect.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/serializer_impl.hpp>

namespace troupe::kernel {

void message_types::add(message_type type) {
  auto known = by_name_.find(type.name);
  if (known != by_name_.end()) {
    invariant(*known->second.rtti == *type.rtti, "a wire name belongs to one message type");
    return;
  }
  invariant(!by_rtti_.contains(std::type_index{*type.rtti}), "a message type has one wire name");
  invariant(type.name.size() <= 255, "a wire name has at most 255 bytes");
  auto name = type.name;
  auto at = by_name_.emplace(std::move(name), std::move(type)).first;
  by_rtti_.emplace(*at->second.rtti, &at->second);
}

const message_type* message_types::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

const message_type* message_types::find(const std::type_info& rtti) const {
  auto found = by_rtti_.find(rtti);
  return found == by_rtti_.end() ? nullptr : found->second;
}

result<const message_type*> message_types::encode(const caf::type_erased_tuple& content,
                                                  std::string& to) const {
  const auto* rtti = content.size() == 1 ? content.type(0).second : nullptr;
  const auto* type = rtti ? find(*rtti) : nullptr;
  if (!type)
    return failure{.reason = reason::internal,
                   .message = "a message of an unregistered type cannot cross links"};
  caf::serializer_impl<std::string> sink{nullptr, to};
  if (auto why = type->save(sink, content.get(0)))
    return failure{.reason = reason::internal,
                   .message = "a message of type " + type->name + " could not be encoded"};
  return type;
}

result<caf::message> message_types::decode(const message_type& type,
                                           std::string_view payload) const {
  caf::message out;
  try {
    caf::binary_deserializer source{nullptr, payload.data(), payload.size()};
    if (!type.load(source, out) && source.remaining() == 0)
      return out;
  } catch (const std::exception&) { // a length that no memory has
  }
  return failure{.reason = reason::bad_request,
                 .message = "the payload is no message of type " + type.name};
}

void message_types::encode_failure(const failure& why, std::string& to) {
  caf::serializer_impl<std::string> sink{nullptr, to};
  auto copy = why;
  auto failed = sink(copy);
  invariant(!failed, "a failure can be encoded");
}

failure message_types::decode_failure(std::string_view payload) {
  failure out;
  try {
    caf::binary_deserializer source{nullptr, payload.data(), payload.size()};
    if (!source(out) && out.reason <= reason::storage_full)
      return out;
  } catch (const std::exception&) { // as below
  }
  return {.reason = reason::internal, .message = "the peer failed without saying why"};
}

} // namespace troupe::kernel
