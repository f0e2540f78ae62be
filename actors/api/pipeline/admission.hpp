// The hook between decoding and storing: a list of named functions that may change or refuse an
// object.
#pragma once

#include "actors/api/pipeline/environment.hpp"
#include "config/api/request.hpp"
#include "config/base/result.hpp"
#include "store/base/view.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace troupe::pipeline {

/// What an admission step sees and may touch.
struct admission {
  enum class operation : std::uint8_t { create, update, remove };
  operation what = operation::create;
  const api::request& request;
  const schema::resource& of;
  const store::view& view;
  const environment& env;
  nlohmann::json* object = nullptr;    // what will be stored; null of remove
  const nlohmann::json* old = nullptr; // null of create
  store::transaction& write;           // add the predicates of all that the decision relied on
  std::vector<std::string>& warnings;
  bool default_again = false; // set by a mutating step that added what has defaults
};

struct admission_step {
  std::string name;
  std::function<result<void>(admission&)> run;
};

/// Mutating steps run in order before defaults and validation are final, validating ones behind
/// them.
struct admission_chain {
  std::vector<admission_step> mutating;
  std::vector<admission_step> validating;
};

/// NamespaceLifecycle, Priority, ServiceAccount (the name), DefaultTolerationSeconds,
/// NodeRestriction, and the check that nobody gives away more than they hold.
admission_chain built_in_admission();

} // namespace troupe::pipeline
