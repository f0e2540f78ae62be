#include "actors/kernel/outside.hpp"

#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <atomic>

namespace troupe::kernel {
namespace {

/// The world outside, as the actors see it: one that asked one question and hears one answer.
class outsider final : public caf::monitorable_actor {
public:
  outsider(caf::actor_config& config, detail::response_callback then)
      : caf::monitorable_actor(config), then_(std::move(then)) {}
  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) override {
    if (!message->mid.is_response() || answered_.exchange(true))
      return;
    auto then = std::move(then_);
    auto& content = message->content();
    if (content.size() == 1 && content.match_element<caf::error>(0))
      then(nullptr, to_failure(content.get_as<caf::error>(0)));
    else
      then(&content, {});
  }

private:
  std::atomic<bool> answered_{false};
  detail::response_callback then_;
};

} // namespace

void ask_outside(caf::actor_system& system, const caf::strong_actor_ptr& who, caf::message question,
                 detail::response_callback then) {
  if (!who) {
    then(nullptr, {.reason = reason::unavailable, .message = "there is no such actor"});
    return;
  }
  caf::actor_config config;
  auto asker = caf::make_actor<outsider, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config, std::move(then));
  caf::message_id id{caf::message_id::default_async_value | 1};
  who->enqueue(caf::make_mailbox_element(asker, id, {}, std::move(question)), nullptr);
}

} // namespace troupe::kernel
