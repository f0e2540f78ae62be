// Actions as API requests, and what is told of them.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/base/random.hpp"

namespace troupe::control {

/// The request that performs a write; nothing for an emit or an again. `from` and `fence` are the
/// caller's. Preconditions go into the body (patches) or the options (deletes).
std::optional<api::request> request_of(const action& a);

/// The resource that a write changes, for expectations; nullopt: none, or too many to wait for.
std::optional<resource> changes(const action& a);

/// The failure that a response stands for; nullopt: it is a success.
std::optional<failure> failure_of(const api::response& r);

/// The body of an Event about something. `component`: who says it ("deployment-controller").
/// `count`: how often it was said since `first`.
std::string event_body(const emit& e, std::string_view component, const std::string& name,
                       instant first, instant now, std::int64_t count);
/// Events of cluster-scoped objects are in "default".
std::string event_namespace(const emit& e);

/// Remembers what was said, so that the same thing said again counts up one Event instead of
/// making another. Forgets the oldest beyond `most`.
class event_book {
public:
  explicit event_book(std::size_t most = 1024, duration within = 10min)
      : most_(most), within_(within) {}
  struct entry {
    std::string name; // of the Event
    instant first{};
    instant last{};
    std::int64_t count = 0;
  };
  /// Notes it; count 1: a new Event is to be made.
  const entry& note(const emit& e, instant now, random_source& random);

private:
  std::size_t most_;
  duration within_;
  std::map<std::string, entry> said_;
};

} // namespace troupe::control
