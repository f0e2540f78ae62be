// One request through the API, as a pure function of the request and a view of the store.
//
//   auto fresh = pipeline::freshness_of(request);            // which view must be fetched
//   auto step = pipeline::prepare(request, *view, env);
//   finished   -> send its response (if `from_view`, only when the view was linearizable: else run
//                 prepare again at one)
//   write      -> propose `what`; answer(outcome) gives the response, or nothing: run prepare again
//                 at a view of outcome.last or newer, at most max_attempts times, then exhausted()
//   watch_plan -> initial_events(), then event_of() for each change after `start`
//   need_view  -> fetch the view of exactly that revision and run prepare again with env.exact set
#pragma once

#include "actors/api/pipeline/admission.hpp"
#include "actors/api/pipeline/environment.hpp"
#include "actors/api/pipeline/watch.hpp"
#include "config/api/request.hpp"
#include "config/base/result.hpp"
#include "store/base/view.hpp"

#include <functional>
#include <optional>
#include <variant>

namespace troupe::pipeline {

/// How often a write that met a changed object is prepared again.
inline constexpr int max_attempts = 5;

struct finished {
  api::response response;
  /// The answer depends on what the view held. When the request is a write and the view was not
  /// taken linearizably, it must be prepared again at a view that is.
  bool from_view = false;
};

struct write {
  store::transaction
    what; // may be without operations: then a linearizable check of `when` is enough
  /// Nothing: run prepare again.
  std::function<std::optional<api::response>(const store::outcome&)> answer;
};

struct need_view {
  revision at{};
};

using step = std::variant<finished, write, watch_plan, need_view>;

/// Which view a request needs.
struct freshness {
  enum class kind : std::uint8_t {
    any,          // whatever is here
    at_least,     // of `at` or newer: wait up to 3 s, then 504 (too_new())
    exact,        // of exactly `at`; compacted: expired()
    linearizable, // ReadIndex
  };
  kind what = kind::any;
  revision at{};
  bool operator==(const freshness&) const = default;
};
/// Writes say `any`: their predicates are checked at apply, and finished::from_view says the rest.
/// Fails with bad_request on a broken continue token or contradicting options.
result<freshness> freshness_of(const api::request& r);

step prepare(const api::request& r, const store::view& view, const environment& env);

/// The answer when max_attempts are used up: 409.
api::response exhausted(const api::request& r);
/// The answer when the view of a list, or the start of a watch, is compacted: 410.
api::response expired(const api::request& r);
/// The answer when `wanted` is not yet applied here: 504 with the cause ResourceVersionTooLarge.
api::response too_new(const api::request& r, revision wanted, revision have);

} // namespace troupe::pipeline
