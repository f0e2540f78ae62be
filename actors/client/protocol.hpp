// The API as an actor: how controllers, scheduler, kubelets and the HTTP edge speak to it, in
// process or over a link (portal "api").
//
// Watches are pulled: `next_events` is answered as soon as there are events, or with none after a
// while. The puller's pace is the credit; a watcher that does not pull loses its stream, is
// answered `gone`, and lists again. Nothing is pushed, so nothing piles up.
#pragma once

#include "actors/client/wire.hpp"
#include "actors/kernel/protocol.hpp"
#include "config/api/request.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <vector>

namespace troupe::client {

/// Runs one request (any verb but watch) through the pipeline.
struct call {
  api::request what;
};
/// Whatever the pipeline answered, failures as a Status with their code.
struct called {
  api::response answer;
};

/// Begins a watch (verb watch). A request that cannot be watched is a failure.
struct open_watch {
  api::request what;
};
struct watch_opened {
  std::uint64_t stream = 0; // not guessable
};

/// The next events of a stream, in order; waits for the first up to `heartbeat`.
/// Fails with `gone` when the stream is unknown: it lagged, or the server restarted.
struct next_events {
  std::uint64_t stream = 0;
};
struct events {
  std::vector<api::event> list; // empty: a heartbeat
  bool ended = false; // timeoutSeconds passed, or the last event is an error: nothing follows
};
struct close_watch {
  std::uint64_t stream = 0;
};

inline constexpr duration heartbeat = 5s; // of a quiet watch
inline constexpr duration call_deadline = 10s;

using api_actor = caf::typed_actor<     //
  proto::ask<call, called>,             // one request, one answer
  proto::ask<open_watch, watch_opened>, // begin to watch
  proto::ask<next_events, events>,      // what has happened since?
  proto::tell<close_watch>>;            // no longer interested

template <class F> auto inspect(F& f, call& m) {
  return f(caf::meta::type_name("api.call"), m.what);
}
template <class F> auto inspect(F& f, called& m) {
  return f(caf::meta::type_name("api.called"), m.answer);
}
template <class F> auto inspect(F& f, open_watch& m) {
  return f(caf::meta::type_name("api.open_watch"), m.what);
}
template <class F> auto inspect(F& f, watch_opened& m) {
  return f(caf::meta::type_name("api.watch_opened"), m.stream);
}
template <class F> auto inspect(F& f, next_events& m) {
  return f(caf::meta::type_name("api.next_events"), m.stream);
}
template <class F> auto inspect(F& f, events& m) {
  return f(caf::meta::type_name("api.events"), m.list, m.ended);
}
template <class F> auto inspect(F& f, close_watch& m) {
  return f(caf::meta::type_name("api.close_watch"), m.stream);
}

std::string traced_object(const call& m);
std::string traced_object(const open_watch& m);
std::string traced_object(const events& m); // of the first event

} // namespace troupe::client
