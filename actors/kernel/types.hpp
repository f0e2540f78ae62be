// The message types that may cross links, by name: registered once per process, each folder's in
// one translation unit (registration is what costs compile time).
//
//   // actors/lease/types.cpp
//   void register_types(kernel::message_types& types) {
//     types.add<renewed>("lease.renewed");
//     types.add<snapshot_chunk>("storage.snapshot_chunk", kernel::lane::bulk);
//   }
//
// The name is the type's identity on the wire and never changes. When a struct's fields change, its
// name does too ("lease.renewed.2") and both are served for one release.
#pragma once

#include "actors/kernel/protocol.hpp"
#include "actors/kernel/transport.hpp"

#include <caf/deserializer.hpp>
#include <caf/make_message.hpp>
#include <caf/serializer.hpp>

#include <map>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

namespace troupe::kernel {

struct message_type {
  std::string name;
  kernel::lane lane = lane::control;
  const std::type_info* rtti = nullptr;
  caf::error (*save)(caf::serializer& to, const void* value) = nullptr;
  caf::error (*load)(caf::deserializer& from, caf::message& to) = nullptr;
};

class message_types {
public:
  message_types() = default;
  message_types(message_types&&) = default; // moved into the links that use it
  message_types& operator=(message_types&&) = default;

  /// Requires a name that is not taken by another type. Adding the same again changes nothing.
  template <class M> void add(std::string name, kernel::lane lane = lane::control) {
    static_assert(!local_message<M>, "a local_only message cannot cross links");
    add({.name = std::move(name),
         .lane = lane,
         .rtti = &typeid(M),
         .save = [](caf::serializer& to, const void* value) -> caf::error {
           return to(*const_cast<M*>(static_cast<const M*>(value))); // NOLINT: inspect takes M&
         },
         .load = [](caf::deserializer& from, caf::message& to) -> caf::error {
           M value{};
           if (auto why = from(value))
             return why;
           to = caf::make_message(std::move(value));
           return caf::none;
         }});
  }
  void add(message_type type);

  const message_type* find(std::string_view name) const;
  const message_type* find(const std::type_info& rtti) const;

  /// Appends the message's only element. Fails when its type is not registered.
  result<const message_type*> encode(const caf::type_erased_tuple& content, std::string& to) const;
  /// Never throws and never reads outside of `payload`, whatever it holds.
  result<caf::message> decode(const message_type& type, std::string_view payload) const;

  static void encode_failure(const failure& why, std::string& to);
  static failure decode_failure(std::string_view payload);

private:
  std::map<std::string, message_type, std::less<>> by_name_;
  std::map<std::type_index, const message_type*> by_rtti_;
};

} // namespace troupe::kernel
