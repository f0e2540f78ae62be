// The actors that stand for what is on the other side of a link. None is scheduled: they work on
// the thread of whoever sends to them.
#include "actors/kernel/link_host.hpp"
#include "actors/kernel/process_registry.hpp"

#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/scheduled_actor.hpp>

namespace troupe::kernel {
namespace {

void refuse(caf::mailbox_element& message, failure why) {
  if (message.mid.is_request() && message.sender)
    message.sender->enqueue(nullptr, message.mid.response_id(),
                            caf::make_message(to_error(std::move(why))), nullptr);
}

class inbound final : public caf::mailbox_element {
public:
  inbound(caf::strong_actor_ptr from, caf::message_id id, caf::message content,
          std::function<void()> handled)
      : caf::mailbox_element(std::move(from), id, {})
      , content_(std::move(content))
      , handled_(std::move(handled)) {}
  ~inbound() override { handled_(); }
  caf::type_erased_tuple& content() override { return content_.content(); }
  const caf::type_erased_tuple& content() const override { return content_.content(); }
  caf::message move_content_to_message() override { return std::move(content_); }
  caf::message copy_content_to_message() const override { return content_; }

private:
  caf::message content_;
  std::function<void()> handled_;
};

class link_end final : public caf::monitorable_actor {
public:
  link_end(caf::actor_config& config, link_peer_ptr peer)
      : caf::monitorable_actor(config), peer_(std::move(peer)) {}

  const link_peer& peer() const { return *peer_; }

  caf::message_id expect(std::uint64_t generation, std::uint64_t correlation) {
    std::lock_guard lock{mutex_};
    caf::message_id id{caf::message_id::default_async_value | ++last_};
    open_.emplace(last_, asked{generation, correlation});
    return id;
  }

  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr response, caf::execution_unit*) override {
    if (!response->mid.is_response())
      return; // nothing is said to a peer but through a portal
    std::optional<asked> to;
    {
      std::lock_guard lock{mutex_};
      if (auto open = open_.extract(response->mid.request_id().integer_value()))
        to = open.mapped();
    }
    if (!to)
      return;
    peer_->settle_ask();
    const auto& content = response->content();
    if (content.size() == 1 && content.match_element<caf::error>(0))
      peer_->fail(to->generation, to->correlation, to_failure(content.get_as<caf::error>(0)));
    else
      peer_->answer(to->generation, to->correlation, content, trace::current_cause());
  }

private:
  struct asked {
    std::uint64_t generation;
    std::uint64_t correlation;
  };
  link_peer_ptr peer_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, asked> open_;
};

} // namespace

class link_import final : public caf::monitorable_actor {
public:
  link_import(caf::actor_config& config, std::weak_ptr<link_host> host, link_peer_ptr peer,
              std::string portal)
      : caf::monitorable_actor(config)
      , host_(std::move(host))
      , peer_(std::move(peer))
      , portal_(std::move(portal)) {}

  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* unit) override {
    auto host = host_.lock(); // the links' transport lives as long
    if (!host || !host->process()->alive()) {
      refuse(*message, {.reason = reason::unavailable, .message = "the links have been stopped"});
      return;
    }
    if (peer_->who().name == host->process()->name()) {
      if (auto own = host->portal_named(portal_))
        own->to()->enqueue(std::move(message), unit);
      else
        refuse(*message, {.reason = reason::not_found, .message = "there is no portal " + portal_});
      return;
    }
    if (message->mid.is_response())
      return;
    auto cause = trace::current_cause();
    if (!message->mid.is_request()) {
      peer_->tell(portal_, message->content(), cause);
      return;
    }
    auto failed =
      peer_->ask(portal_, message->content(), cause, {message->sender, message->mid.response_id()});
    if (failed)
      refuse(*message, std::move(*failed));
  }

private:
  std::weak_ptr<link_host> host_;
  link_peer_ptr peer_;
  std::string portal_;
};

caf::strong_actor_ptr make_import(const std::shared_ptr<link_host>& host, link_peer_ptr peer,
                                  std::string portal) {
  auto& system = host->process()->system();
  caf::actor_config config;
  return caf::make_actor<link_import, caf::strong_actor_ptr>(system.next_actor_id(), system.node(),
                                                             &system, config, host, std::move(peer),
                                                             std::move(portal));
}

caf::strong_actor_ptr make_link_end(caf::actor_system& system, link_peer_ptr peer) {
  caf::actor_config config;
  return caf::make_actor<link_end, caf::strong_actor_ptr>(system.next_actor_id(), system.node(),
                                                          &system, config, std::move(peer));
}

caf::message_id expect_answer(const caf::strong_actor_ptr& end, std::uint64_t generation,
                              std::uint64_t correlation) {
  return static_cast<link_end*>(end->get())->expect(generation, correlation);
}

caf::mailbox_element_ptr make_inbound(caf::strong_actor_ptr from, caf::message_id id,
                                      caf::message content, std::function<void()> handled) {
  return caf::mailbox_element_ptr{
    new inbound(std::move(from), id, std::move(content), std::move(handled))};
}

std::optional<identity> current_peer(const actor_core& self) {
  auto* current = self.scheduled().current_mailbox_element();
  if (!current || !current->sender)
    return std::nullopt;
  if (auto* end = dynamic_cast<link_end*>(current->sender->get()))
    return end->peer().who();
  return std::nullopt;
}

} // namespace troupe::kernel
