#include "actors/kernel/stable.hpp"

#include "actors/kernel/errors.hpp"

#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <deque>
#include <mutex>

namespace troupe::kernel {
namespace {

/// Not scheduled: passes each element on as it is, sender and id included, so that answers go
/// straight back and nothing is added but a lock.
class forwarder final : public caf::monitorable_actor {
public:
  forwarder(caf::actor_config& config, std::size_t stash)
      : caf::monitorable_actor(config), limit_(stash) {}

  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* unit) override {
    caf::strong_actor_ptr target;
    {
      std::lock_guard lock{mutex_};
      if (state_ == state::waiting && stash_.size() < limit_) {
        stash_.push_back({std::move(message), trace::current_cause()});
        return;
      }
      target = target_;
    }
    if (target)
      target->enqueue(std::move(message), unit);
    else
      refuse(*message);
  }

  void bind(const caf::strong_actor_ptr& incarnation) {
    {
      std::lock_guard lock{mutex_}; // what comes meanwhile comes after what waited
      if (state_ == state::closed)
        return;
      for (auto& [message, cause] : stash_) {
        trace::scope scope{cause};
        incarnation->enqueue(std::move(message), nullptr);
      }
      stash_.clear();
      target_ = incarnation;
      state_ = state::bound;
    }
    // Messages wait from its death on, not only when its supervisor has heard of it.
    incarnation->get()->attach_functor(
      [self = caf::weak_actor_ptr{ctrl()}, dead = incarnation->id()] {
        if (auto still = self.lock())
          static_cast<forwarder*>(still->get())->lost(dead);
      });
  }

  void lost(caf::actor_id dead) {
    caf::strong_actor_ptr released; // not under the lock
    std::lock_guard lock{mutex_};
    if (state_ != state::bound || target_->id() != dead)
      return;
    state_ = state::waiting;
    released = std::move(target_);
    target_ = nullptr;
  }

  void leave(bool waiting) {
    std::deque<waiting_message> refused;
    {
      std::lock_guard lock{mutex_};
      if (state_ == state::closed)
        return;
      state_ = waiting ? state::waiting : state::parked;
      target_ = nullptr;
      if (!waiting)
        refused.swap(stash_);
    }
    for (auto& w : refused)
      refuse(*w.message);
  }

  void close(const failure& why) {
    leave(false);
    {
      std::lock_guard lock{mutex_};
      if (std::exchange(state_, state::closed) == state::closed)
        return;
    }
    cleanup(to_error(why), nullptr); // tells the monitors
  }

  std::size_t waiting() const {
    std::lock_guard lock{mutex_};
    return stash_.size();
  }

private:
  enum class state { waiting, bound, parked, closed };
  struct waiting_message {
    caf::mailbox_element_ptr message;
    cause_id cause;
  };

  static void refuse(caf::mailbox_element& message) {
    if (message.mid.is_request() && message.sender)
      message.sender->enqueue(
        nullptr, message.mid.response_id(),
        caf::make_message(
          to_error({.reason = reason::unavailable, .message = "the actor asked is not running"})),
        nullptr);
  }

  std::size_t limit_;
  mutable std::mutex mutex_;
  state state_ = state::waiting;
  caf::strong_actor_ptr target_;
  std::deque<waiting_message> stash_;
};

forwarder& of(const caf::strong_actor_ptr& address) {
  return *static_cast<forwarder*>(address->get());
}

} // namespace

stable_slot::stable_slot(const process_ptr& process, std::size_t stash) {
  auto& system = process->system();
  caf::actor_config config;
  address_ = caf::make_actor<forwarder, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config, stash);
}

void stable_slot::bind(const caf::strong_actor_ptr& incarnation) const {
  of(address_).bind(incarnation);
}

void stable_slot::unbind() const { of(address_).leave(true); }

void stable_slot::park() const { of(address_).leave(false); }

void stable_slot::close(const failure& why) const { of(address_).close(why); }

std::size_t stable_slot::waiting() const { return of(address_).waiting(); }

} // namespace troupe::kernel
