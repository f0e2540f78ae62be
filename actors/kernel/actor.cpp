#include "actors/kernel/actor.hpp"

#include "actors/kernel/actor_inside.hpp"
#include "actors/kernel/home.hpp"
#include "actors/kernel/inspect.hpp"
#include "actors/kernel/process_registry.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>

namespace troupe::kernel {
namespace {

constexpr std::size_t tells_per_ask = 64; // how far beyond the limit of asks a mailbox may grow

constexpr duration longest_ask = 24h;

std::int64_t stamp(const process& of) {
  return of.inside().real_time ? trace::fast_now() : of.now().time_since_epoch().count();
}

trace::type_mark mark_of(const caf::mailbox_element& message) {
  const auto& content = message.content();
  if (content.size() == 0)
    return {};
  auto type = content.type(0);
  return {.number = type.first, .rtti = type.second};
}

bool is_builtin(const trace::type_mark& type, std::uint16_t number) {
  return !type.rtti && type.number == number;
}

bool is_exit(const caf::mailbox_element& message) {
  return is_builtin(mark_of(message), caf::type_nr<caf::exit_msg>::value);
}

/// Something that another actor says of its own accord: it may be refused.
bool is_tell(const caf::mailbox_element& message) {
  return message.mid.is_async() && mark_of(message).rtti;
}

void bounce(caf::mailbox_element& message, failure why) {
  if (!message.mid.is_request() || !message.sender)
    return;
  message.sender->enqueue(nullptr, message.mid.response_id(),
                          caf::make_message(to_error(std::move(why))), nullptr);
  message.mid.mark_as_answered();
}

caf::error describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return to_error({.reason = reason::internal, .message = e.what()});
  } catch (...) {
    return to_error({.reason = reason::internal, .message = "an unknown exception was thrown"});
  }
}

caf::result<caf::message> not_understood(caf::scheduled_actor* self, caf::message_view&) {
  if (auto* frame = trace::this_thread().handling; frame && frame->writing)
    frame->writing->outcome = trace::outcome::dropped;
  if (self->current_message_id().is_request())
    return caf::make_error(caf::sec::unexpected_message);
  return caf::delegated<caf::message>{}; // no answer: it would end the sender
}

} // namespace

/// Makes this thread handle a message, and writes its record when that ends, however it ends.
class actor_core::handling {
public:
  handling(actor_core& self, trace::record& r)
      : self_(self), record_(r), before_(trace::this_thread()) {
    frame_.id = r.id;
    frame_.path = r.receiver;
    frame_.of = &self.process().tracer();
    frame_.writing = &r;
    trace::this_thread() = {.cause = r.id, .handling = &frame_};
  }
  handling(const handling&) = delete;
  handling& operator=(const handling&) = delete;
  ~handling() {
    trace::this_thread() = before_;
    if (!keep)
      return;
    record_.ended = stamp(self_.process());
    auto& ring = *self_.inside_->ring;
    ring.write(record_);
    for (auto cause : frame_.also)
      ring.write({.id = record_.id, .cause = cause, .what = trace::record::kind::also});
  }
  bool keep = true;

private:
  actor_core& self_;
  trace::record& record_;
  trace::thread_state before_;
  trace::frame frame_;
};

actor_core::actor_core(caf::scheduled_actor& self, const kernel::place& at,
                       std::vector<detail::object_probe> probes)
    : self_(&self), place_(at), inside_(std::make_unique<inside>()) {
  inside_->probes = std::move(probes);
  inside_->ring = &process().tracer().inside();
  inside_->path = inside_->ring->enter(path());
  process().inside().enter(*this, caf::weak_actor_ptr{self.ctrl()});
  self.set_default_handler(not_understood);
  self.set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  self.set_down_handler([](caf::scheduled_actor*, caf::down_msg&) {});
  self.set_exception_handler(
    [](caf::scheduled_actor*, std::exception_ptr& e) { return describe(e); });
}

actor_core::~actor_core() { ended({}); }

void actor_core::ended(const caf::error&) {
  if (inside_->ended.exchange(true))
    return;
  process().inside().leave(*this);
  inside_->ring->leave(inside_->path);
  // The callbacks may hold promises and handles: with the state they go.
  inside_->deadlines.clear();
  auto asks = std::move(inside_->asks);
}

caf::execution_unit* actor_core::scheduled_by(caf::execution_unit* unit) const {
  return place_.home ? place_.home->door() : unit;
}

std::optional<term_id> actor_core::fence() const {
  if (place_.fence && place_.fence->standing())
    return place_.fence->term();
  return std::nullopt;
}

duration actor_core::monotonic() const { return self_->clock().now().time_since_epoch(); }

void actor_core::fail(failure why) { self_->quit(to_error(std::move(why))); }

caf::strong_actor_ptr actor_core::address() const {
  return caf::actor_cast<caf::strong_actor_ptr>(self_->ctrl());
}

// -- sending -------------------------------------------------------------------------------------

caf::message_id actor_core::new_ask() {
  return self_->new_request_id(caf::message_priority::normal);
}

void actor_core::deliver(caf::abstract_actor& dest, caf::mailbox_element_ptr message) {
  dest.enqueue(std::move(message), self_->context());
}

void actor_core::deliver_ask(caf::abstract_actor* dest, caf::mailbox_element_ptr message,
                             duration deadline) {
  auto response = message->mid.response_id();
  open_ask(response, deadline);
  if (dest)
    dest->enqueue(std::move(message), self_->context());
  else
    self_->eq_impl(response, nullptr, self_->context(),
                   to_error({.reason = reason::unavailable, .message = "there is no such actor"}));
}

void actor_core::deliver_later(duration delay, caf::mailbox_element_ptr message) {
  if (auto cause = trace::current_cause(); raw(cause) != 0) {
    std::lock_guard lock{inside_->lock};
    inside_->timers[message.get()] = cause; // until it is enqueued: admit()
  }
  auto& clock = self_->clock();
  clock.schedule_message(clock.now() + delay, address(), std::move(message));
}

std::shared_ptr<detail::return_address> actor_core::take_return_address() {
  auto* current = self_->current_mailbox_element();
  if (!current || !current->mid.is_request() || current->mid.is_answered())
    return nullptr;
  auto to = std::make_shared<detail::return_address>(current->sender, current->mid.response_id(),
                                                     trace::current_cause());
  current->mid.mark_as_answered();
  return to;
}

// -- receiving -----------------------------------------------------------------------------------

bool actor_core::admit(caf::mailbox_element_ptr& message) {
  auto& in = *inside_;
  if (in.ended.load(std::memory_order_relaxed))
    return true; // CAF bounces what asks
  if (!process().alive() && !is_exit(*message))
    return false;
  auto waiting = in.waiting.load(std::memory_order_relaxed);
  if (waiting >= place_.mailbox) [[unlikely]] {
    auto ask = message->mid.is_request();
    if (ask || (waiting >= place_.mailbox * tells_per_ask && is_tell(*message))) {
      refuse(*message, {.reason = reason::too_many_requests,
                        .message = "the mailbox of " + path() + " is full",
                        .retry_after_seconds = 1});
      return false;
    }
  }
  in.waiting.fetch_add(1, std::memory_order_relaxed);
  auto& tracer = process().tracer();
  if (!tracer.recording())
    return true;
  auto& thread = trace::this_thread();
  note n{.message = message.get(), .cause = thread.cause, .enqueued = stamp(process())};
  if (thread.handling && thread.handling->of == &tracer)
    n.sender = thread.handling->path;
  if (tracer.loses_causes_into(path())) [[unlikely]]
    n.cause = {};
  std::lock_guard lock{in.lock};
  if (!in.timers.empty() && raw(n.cause) == 0)
    if (auto timer = in.timers.find(message.get()); timer != in.timers.end()) {
      n.cause = timer->second;
      n.sender = in.path;
      in.timers.erase(timer);
    }
  in.notes.push(n);
  return true;
}

void actor_core::refuse(caf::mailbox_element& message, failure why) {
  auto& tracer = process().tracer();
  if (tracer.recording()) {
    auto& thread = trace::this_thread();
    trace::record r{
      .id = inside_->ring->next_id(), .cause = thread.cause, .receiver = inside_->path};
    if (thread.handling && thread.handling->of == &tracer)
      r.sender = thread.handling->path;
    r.type = mark_of(message);
    r.enqueued = r.started = r.ended = stamp(process());
    r.outcome = trace::outcome::dropped;
    inside_->ring->write(r);
  }
  bounce(message, std::move(why));
}

caf::invoke_message_result actor_core::handle(caf::mailbox_element& message,
                                              consume_function consume) {
  auto& in = *inside_;
  auto may_act = process().alive() && (!place_.fence || place_.fence->standing());
  if (!may_act && !is_exit(message)) {
    in.waiting.fetch_sub(1, std::memory_order_relaxed);
    note forgotten;
    std::lock_guard lock{in.lock};
    in.notes.take(&message, forgotten);
    bounce(message, {.reason = reason::unavailable, .message = path() + " may not act any more"});
    return caf::invoke_message_result::dropped;
  }
  auto result = traced(message, consume);
  if (result != caf::invoke_message_result::skipped) {
    in.waiting.fetch_sub(1, std::memory_order_relaxed);
    in.handled.store(in.handled.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  return result;
}

caf::invoke_message_result actor_core::traced(caf::mailbox_element& message,
                                              consume_function consume) {
  auto& in = *inside_;
  auto& tracer = process().tracer();
  auto type = mark_of(message);
  if (!tracer.recording())
    return dispatch(message, consume);
  note n;
  {
    std::lock_guard lock{in.lock};
    in.notes.take(&message, n);
  }
  if (type.rtti == &typeid(deadline_tick))
    return dispatch(message, consume);
  trace::record r{
    .id = in.ring->next_id(), .cause = n.cause, .sender = n.sender, .receiver = in.path};
  r.type = type;
  r.enqueued = n.enqueued;
  r.started = stamp(process());
  if (is_builtin(type, caf::type_nr<caf::error>::value))
    r.outcome = trace::outcome::error;
  for (const auto& probe : in.probes)
    if (type.rtti && *probe.type == *type.rtti)
      r.name_object(probe.object(message.content().get(0)));
  handling now{*this, r};
  try {
    auto result = dispatch(message, consume);
    if (result == caf::invoke_message_result::skipped) {
      r.outcome = trace::outcome::skipped;
      now.keep = !std::exchange(n.skipped, true);
      std::lock_guard lock{in.lock};
      in.notes.push(n);
    } else if (result == caf::invoke_message_result::dropped) {
      r.outcome = trace::outcome::dropped;
    }
    return result;
  } catch (...) {
    r.outcome = trace::outcome::error;
    throw;
  }
}

caf::invoke_message_result actor_core::dispatch(caf::mailbox_element& message,
                                                consume_function consume) {
  auto type = mark_of(message);
  if (type.rtti == &typeid(deadline_tick)) {
    expire_asks();
    return caf::invoke_message_result::consumed;
  }
  if (auto* seen_by = process().inside().witness) [[unlikely]] {
    auto* frame = trace::this_thread().handling;
    auto sender =
      frame && frame->writing ? inside_->ring->path(frame->writing->sender) : std::string{};
    seen_by->handled(process().name(), path(), type.rtti ? type.rtti->name() : "", sender);
  }
  if (message.mid.is_response())
    if (auto callback = inside_->close(message.mid.integer_value())) {
      self_->current_mailbox_element(&message);
      auto& content = message.content();
      if (content.size() == 1 && content.match_element<caf::error>(0))
        callback(nullptr, to_failure(content.get_as<caf::error>(0)));
      else
        callback(&content, {});
      return caf::invoke_message_result::consumed;
    }
  return consume(*this, message);
}

// -- open asks -----------------------------------------------------------------------------------

void actor_core::open_ask(caf::message_id response, duration deadline) {
  auto due = self_->clock().now() + std::clamp<duration>(deadline, 0s, longest_ask);
  if (inside_->open(response.integer_value(), due))
    arm(due);
}

bool actor_core::inside::open(std::uint64_t response, time_point due) {
  asks.emplace(response, open_ask{.due = due});
  deadlines.emplace(due, response);
  if (due >= armed)
    return false;
  armed = due;
  return true;
}

detail::response_callback actor_core::inside::close(std::uint64_t response) {
  auto found = asks.find(response);
  if (found == asks.end())
    return {};
  auto callback = std::move(found->second.callback);
  deadlines.erase({found->second.due, response});
  asks.erase(found);
  return callback;
}

void actor_core::expire_asks() {
  auto& in = *inside_;
  auto now = self_->clock().now();
  if (now < in.armed) // an earlier one was armed after this tick's
    return;
  in.armed = inside::time_point::max();
  for (const auto& [due, response] : in.deadlines) {
    if (due > now)
      break;
    self_->eq_impl(caf::message_id{response}, nullptr, self_->context(),
                   caf::make_error(caf::sec::request_timeout));
  }
  // What expired stays listed until its failure is handled: the next tick looks beyond it.
  auto next = in.deadlines.upper_bound({now, std::numeric_limits<std::uint64_t>::max()});
  if (next != in.deadlines.end())
    arm(next->first);
}

void actor_core::arm(caf::actor_clock::time_point at) {
  inside_->armed = at;
  self_->clock().schedule_message(
    at, address(), caf::make_mailbox_element(nullptr, caf::message_id{}, {}, deadline_tick{}));
}

namespace detail {

void on_response(actor_core& self, caf::message_id response, response_callback callback) {
  auto& asks = self.inside_->asks;
  if (auto found = asks.find(response.integer_value()); found != asks.end())
    found->second.callback = std::move(callback);
}

} // namespace detail

} // namespace troupe::kernel
