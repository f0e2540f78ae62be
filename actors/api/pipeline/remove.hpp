// What deleting an object does to it.
#pragma once

#include "actors/api/pipeline/context.hpp"

namespace troupe::pipeline {

struct removal {
  json tree;          // what the client is shown
  std::string owners; // its managedFields
  revision version{}; // of the object before
  bool gone = false;  // erased; else it stays, marked
  bool changes = true;
};

/// Adds the operations of one object's deletion and the predicate on it.
result<removal> plan_removal(context& c, const found& old, const api::options& o,
                             store::transaction& tx);

} // namespace troupe::pipeline
