// The parts of OpenAPI documents. For the sources of this folder only.
#pragma once

#include "actors/api/discovery/discovery.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::discovery {

using tree = nlohmann::json;

/// What differs between the two versions of the specification.
struct dialect {
  bool three = false;
  const char* prefix() const { return three ? "#/components/schemas/" : "#/definitions/"; }
};

/// The types to define: named ones, and those of kinds that have no name of their own.
struct definition {
  std::string name;
  const schema::type* of = nullptr;
};
/// All that is reachable from the resources given, in the order of their names.
std::vector<definition> definitions_of(const schema::catalog& all,
                                       const std::vector<const schema::resource*>& resources);
/// The name that a resource's kind is defined under.
std::string definition_name(const schema::resource& of);
/// The schema of one definition.
tree schema_of(const schema::type& of, const dialect& how);
/// The schema of a custom kind, whose type need not say which kind it is.
void name_kind(tree& schema, const schema::resource& of);

/// The paths of a resource, into `paths`.
void add_paths(tree& paths, const schema::catalog& all, const schema::resource& of,
               const serves& sub, const dialect& how);

/// A document of version 2 (with the members used here) as gnostic's OpenAPIv2.proto has it.
std::string to_gnostic(const tree& document);

} // namespace troupe::discovery
