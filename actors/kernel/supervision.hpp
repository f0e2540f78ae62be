// What a supervisor does about deaths: pure, time as a value. The shell is supervisor.hpp.
#pragma once

#include "config/base/clock.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace troupe::kernel {

enum class restart : std::uint8_t {
  always,     // whatever it died of
  on_failure, // when it died of an error; a normal end is an end
  never,      // a failure of it ends the process; a normal end is an end
};

enum class strategy : std::uint8_t {
  one_for_one,  // only the one that died
  one_for_all,  // all of them
  rest_for_one, // it and those after it, which were started knowing it
};

/// More than `deaths` within `within`: the supervisor gives up and dies itself.
struct tolerance {
  std::uint32_t deaths = 10;
  duration within = 30s;
  bool operator==(const tolerance&) const = default;
};

/// How long a restart waits: first, doubled each time, up to most; first again after `within` of
/// the tolerance without a death of that child.
struct backoff {
  duration first = 10ms;
  duration most = 5s;
  bool operator==(const backoff&) const = default;
};

namespace supervision {

enum class phase : std::uint8_t {
  idle,     // not started yet, or stopped
  up,       //
  stopping, // asked to stop; its end is awaited
  waiting,  // for its restart
  ended,    // for good
};

struct child {
  std::string name;
  kernel::restart restart = restart::always;
  supervision::phase phase = phase::idle;
  std::uint32_t in_a_row = 0; // deaths without a calm time between
  instant last_death{};
  instant due{};         // of the restart, while waiting
  bool removing = false; // stopping: for good
};

/// The supervisor's picture: children in the order of their start.
struct book {
  kernel::strategy strategy = strategy::one_for_one;
  kernel::tolerance tolerance;
  kernel::backoff backoff;
  std::vector<child> children;
  std::deque<instant> deaths; // within the tolerance's time
  enum class mode : std::uint8_t {
    running,
    replacing, // stopping some from last to first, to start them again at `due`
    leaving,   // stopping all from last to first, then done
  } mode = mode::running;
  std::size_t replace_from = 0; // replacing: the first child to be started again
  instant due{};                // replacing: not before
  std::string gave_up;          // leaving because of this; empty: asked to
};

struct event {
  enum class kind : std::uint8_t {
    started, // begin: start all
    died,    // a child ended
    due,     // the time that wake_at named has come
    overdue, // a child did not stop in time
    stop,    // stop all, last to first
    added,   // a child was appended to the book
    removed, // stop this one, for good
  } what = kind::started;
  std::size_t child = 0; // died, overdue, removed
  bool failed = false;   // died: of an error (a kill is one)
  std::string why;       // died
};

struct order {
  enum class kind : std::uint8_t {
    start,   // spawn it
    stop,    // ask it to end, then overdue{child} after its deadline
    kill,    // end it at once
    wake_at, // come back with `due` at `at`
    fatal,   // a restart::never child failed: the process must end
    forget,  // the child is gone from the book; those after it have moved up
    give_up, // all are down: die with `why`
    finish,  // all are down: end normally
  } what = kind::start;
  std::size_t child = 0;
  instant at{};
  std::string why;
  bool operator==(const order&) const = default;
};

/// What must pass before a child that just died for the n-th time in a row (from 0) is started
/// again.
duration delay_of(const kernel::backoff& b, std::uint32_t in_a_row);

/// Notes the event in the book and says what to do, in this order.
[[nodiscard]] std::vector<order> decide(book& b, const event& e, instant now);

} // namespace supervision
} // namespace troupe::kernel
