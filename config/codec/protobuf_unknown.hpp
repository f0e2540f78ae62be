// What a message says that the schema does not know: kept aside while the object is a tree, and put
// back when it becomes protobuf again.
//
//   auto tree = from_protobuf(kinds, bytes);
//   auto rest = unknown_in(*kind->of, bytes);
//   ... the tree becomes an object of another version, perhaps
//   bytes = with_unknown(*kind->of, *to_protobuf(kinds, tree.dump()), rest);
#pragma once

#include "config/schema/schema.hpp"

#include <map>
#include <string>
#include <string_view>

namespace troupe::codec {

struct unknown_fields {
  std::string raw; // entries of this message, as they stood
  /// Of the messages within: by the field's name in JSON, followed by `/` and the entry's number or
  /// key; `#2` is the message embedded as number 2.
  std::map<std::string, unknown_fields> within;

  bool empty() const { return raw.empty() && within.empty(); }
};

/// `enveloped` is an object of `of` that from_protobuf() reads.
unknown_fields unknown_in(const schema::type& of, std::string_view enveloped);

/// Adds them to an object of `of`, which need not be of the version they come from: what stands at
/// a field that is not there any more, or at an entry of a list or a map that is not, is left out.
std::string with_unknown(const schema::type& of, std::string_view enveloped,
                         const unknown_fields& rest);

} // namespace troupe::codec
