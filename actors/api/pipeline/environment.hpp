// What the pipeline is given besides the request and the view.
#pragma once

#include "actors/api/auth/tokens.hpp"
#include "config/base/clock.hpp"
#include "config/base/ids.hpp"
#include "config/base/random.hpp"
#include "config/schema/schema.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe::pipeline {

struct admission_chain;

struct settings {
  std::string service_cidr = "10.96.0.0/12"; // IPv4
  std::uint16_t node_port_first = 30000;
  std::uint16_t node_port_last = 32767;
  std::int64_t not_ready_toleration_seconds = 300;
  std::int64_t unreachable_toleration_seconds = 300;
};

/// Lives through one call of prepare().
struct environment {
  schema::catalog_ptr catalog;
  instant now;
  random_source& random;
  const settings& set;
  const admission_chain& admission;
  std::string_view server; // this master's name
  bool leader_scope =
    false; // the request came from the leader scope of this process: a fence is allowed
  std::optional<revision> exact{}; // `view` was fetched for exactly this revision
  /// The roles by which implied questions are judged; null: those of the view, read for each.
  std::shared_ptr<const authz::policy> policy{};
  authn::token_authority_ptr tokens{}; // null: no tokens are made or taken
};

} // namespace troupe::pipeline
