// How actors speak: the words of a typed interface and the conventions of messages.
//
// A message is a struct of its own: past tense for facts (`renewed`), imperative for orders
// (`bind_pod`), a noun for questions. It is one of two kinds, and says which:
//
//   struct renewed { std::string node; instant at; };         // may cross links: has `inspect`
//   template <class F> auto inspect(F& f, renewed& m) {
//     return f(caf::meta::type_name("lease.renewed"), m.node, m.at);
//   }
//   struct arrived { using local_only = void; api::object_ptr of; };  // stays in its process
//
//   using monitor_actor = caf::typed_actor<
//     proto::tell<renewed>,          // a node is alive
//     proto::ask<sweep, expired>>;   // who has gone quiet?
//
// A message that concerns an API object may name it for the trace ("Kind/namespace/name"):
//
//   std::string traced_object(const arrived& m);   // found by argument-dependent look-up
//
// Failures are never fields of an answer: an ask is answered by its answer type or by a `failure`,
// which travels as a caf::error (errors.hpp). A handler returns `reply<A>`:
//
//   [self](const sweep& q) -> reply<expired> { return answer(self->state.leases.overdue(q.now)); }
//
// where `answer` takes an A, a failure or a result<A>. The asker sees one result<A>.
#pragma once

#include "config/base/result.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/make_message.hpp>
#include <caf/replies_to.hpp>
#include <caf/result.hpp>

#include <type_traits>

namespace troupe::proto {

template <class M> using tell = caf::reacts_to<M>;

template <class Q, class A> using ask = typename caf::replies_to<Q>::template with<A>;

} // namespace troupe::proto

namespace troupe::kernel {

/// What a handler of ask<Q, A> returns: an A, a failure, or (promise<A>) that it comes later.
template <class A> using reply = caf::result<A>;

/// A message that never leaves its process: it may hold pointers and needs no `inspect`.
template <class M>
concept local_message = requires {
  typename M::local_only;
};

/// The empty answer: "done".
struct done {
  bool operator==(const done&) const = default;
};
template <class F> auto inspect(F& f, done&) { return f(); }

} // namespace troupe::kernel

namespace caf {
template <class T>
requires troupe::kernel::local_message<T>
struct allowed_unsafe_message_type<T> : std::true_type {
};
} // namespace caf
