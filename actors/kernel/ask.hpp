// Questions with deadlines and answers that come later. Used through the members of an actor:
//
//   self->ask(store, get_object{key}, 2s).then([self](result<object> r) { ... });
//
//   [self](const take_snapshot&) -> reply<snapshot> {
//     auto later = self->promise<snapshot>();            // answer it from anywhere, on any thread
//     run(*self, self->state.files, [=] { return read(); }, 30s)
//       .then([later](result<bytes> r) mutable { later.answer(...); });
//     return later;
//   }
//
// Nothing blocks: other messages are handled meanwhile. A promise that is dropped unanswered, also
// by the death of its actor, answers unavailable.
#pragma once

#include "actors/kernel/errors.hpp"
#include "actors/kernel/protocol.hpp"
#include "config/base/clock.hpp"
#include "config/base/ids.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/check_typed_input.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>
#include <caf/response_type.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace troupe::kernel {

class actor_core;

namespace detail {

/// Runs once with the content of the response, or (null) with why there is none.
using response_callback = std::function<void(caf::type_erased_tuple*, failure)>;
void on_response(actor_core& self, caf::message_id response, response_callback callback);

template <class T> struct only_type;
template <class T> struct only_type<caf::detail::type_list<T>> { using type = T; };
template <> struct only_type<caf::detail::type_list<>> { using type = void; };

template <class Handle, class Q>
concept understood_by =
  caf::response_type_unbox<caf::signatures_of_t<Handle>, caf::detail::type_list<Q>>::valid;

template <class A> result<A> take_answer(caf::type_erased_tuple* content, failure why) {
  if (!content)
    return why;
  if constexpr (std::is_void_v<A>)
    return {};
  else if (content->size() == 1 && content->match_element<A>(0))
    return content->move_if_unshared<A>(0);
  else
    return failure{.reason = reason::internal, .message = "the answer has an unexpected type"};
}

} // namespace detail

/// The type that an actor of type Handle answers Q with; void for a tell.
template <class Handle, class Q>
using answer_of = typename detail::only_type<typename caf::response_type_unbox<
  caf::signatures_of_t<Handle>, caf::detail::type_list<Q>>::type>::type;

/// An answer that is still to come.
template <class A> class [[nodiscard]] pending {
public:
  pending(actor_core& self, caf::message_id response) : self_(self), response_(response) {}

  /// `then` runs in the asking actor, exactly once unless the actor ends before: with the answer,
  /// or with why there is none: timeout (outcome unknown), unavailable, or what the other one
  /// answered.
  void then(std::function<void(result<A>)> then) && {
    detail::on_response(self_, response_,
                        [then = std::move(then)](caf::type_erased_tuple* content, failure why) {
                          then(detail::take_answer<A>(content, std::move(why)));
                        });
  }

private:
  actor_core& self_;
  caf::message_id response_;
};

namespace detail {

/// Where an answer must go; answers unavailable when it is dropped.
class return_address {
public:
  return_address(caf::strong_actor_ptr asker, caf::message_id response, cause_id cause)
      : asker_(std::move(asker)), response_(response), cause_(cause) {}
  return_address(const return_address&) = delete;
  return_address& operator=(const return_address&) = delete;
  ~return_address();
  bool open() const { return asker_ != nullptr; }
  void send(caf::message content);
  void fail(failure why);

private:
  caf::strong_actor_ptr asker_;
  caf::message_id response_;
  cause_id cause_;
};

} // namespace detail

/// The answer to the current question, to be given later. Copies are the same promise; the first
/// answer counts. Not thread-safe by itself, but may be handed to another thread.
template <class A> class promise {
public:
  promise() = default;
  explicit promise(std::shared_ptr<detail::return_address> to) : to_(std::move(to)) {}

  bool open() const { return to_ && to_->open(); }
  void answer(result<A> r) {
    if (!open())
      return;
    if (r)
      to_->send(caf::make_message(std::move(r).value()));
    else
      to_->fail(std::move(r).error());
    to_.reset();
  }
  /// What the handler returns.
  operator caf::result<A>() const { return caf::delegated<A>{}; } // NOLINT: meant to be implicit

private:
  std::shared_ptr<detail::return_address> to_;
};

} // namespace troupe::kernel
