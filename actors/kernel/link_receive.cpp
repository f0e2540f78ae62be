// The inward half of the links: from frames to mailboxes.
#include "actors/kernel/link_host.hpp"
#include "actors/kernel/trace.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>

namespace troupe::kernel {
namespace {

bool permits(const portal& p, const std::type_info& type, role who) {
  return std::any_of(p.rules().begin(), p.rules().end(), [&](const portal::rule& r) {
    return *r.type == type && (who == role::master ? r.masters : r.nodes);
  });
}

} // namespace

void link_host::on_frame(link_id link, lane on, std::string bytes) {
  auto peer = peer_on(link);
  if (!peer || !process_->alive())
    return;
  peer->heard(clock().now());
  auto f = decode_frame(bytes);
  if (!f) {
    transport_->close(link, f.error());
    return;
  }
  receive(peer, link, on, *f, bytes.size());
}

void link_host::on_writable(link_id link, lane on) {
  if (auto peer = peer_on(link))
    peer->writable(on);
}

void link_host::receive(const link_peer_ptr& peer, link_id link, lane on, const frame& f,
                        std::size_t bytes) {
  switch (f.what) {
  case frame::kind::tell:
  case frame::kind::ask: deliver(peer, link, on, f, bytes); return; // consumed when handled
  case frame::kind::answer:
  case frame::kind::failed: take_answer(*peer, link, f); break;
  case frame::kind::grant: peer->granted(f.portal, f.correlation); break;
  case frame::kind::ping: break;
  }
  transport_->consumed(link, on, bytes);
}

void link_host::deliver(const link_peer_ptr& peer, link_id link, lane on, const frame& f,
                        std::size_t bytes) {
  auto asks = f.what == frame::kind::ask;
  auto generation = peer->generation();
  auto refuse = [&](failure why) {
    peer->refused();
    if (asks)
      peer->fail(generation, f.correlation, why);
    else
      peer->handled(generation, std::string{f.portal}, on, 0); // it took credit
    transport_->consumed(link, on, bytes);
  };
  auto to = portal_named(f.portal);
  if (!asks && !peer->take_tell(std::string{f.portal})) {
    transport_->close(
      link, {.reason = reason::bad_request, .message = "more was told than there was credit for"});
    return;
  }
  if (!to)
    return refuse(
      {.reason = reason::not_found, .message = "there is no portal " + std::string{f.portal}});
  const auto* type = types_->find(f.type);
  if (!type || !permits(*to, *type->rtti, peer->who().role))
    return refuse(
      {.reason = reason::forbidden,
       .message = peer->who().name + " may not say " + std::string{f.type} + " to " + to->name()});
  auto content = types_->decode(*type, f.payload);
  if (!content) {
    transport_->close(link, content.error());
    return;
  }
  if (asks && !peer->take_ask())
    return refuse({.reason = reason::too_many_requests,
                   .message = "too many asks of " + peer->who().name + " are open"});
  caf::strong_actor_ptr end;
  {
    std::lock_guard lock{mutex_};
    end = ends_.at(peer->who().name);
  }
  auto id = asks ? expect_answer(end, generation, f.correlation) : caf::message_id{};
  std::function<void()> handled;
  if (asks)
    handled = [host = weak_from_this(), link, on, bytes] {
      if (auto h = host.lock())
        h->transport_->consumed(link, on, bytes);
    };
  else
    handled = [host = weak_from_this(), peer, generation, portal = to->name(), on, bytes] {
      if (auto h = host.lock()) // its transport lives as long
        peer->handled(generation, portal, on, bytes);
    };
  trace::scope scope{f.cause};
  to->to()->enqueue(make_inbound(end, id, std::move(content).value(), std::move(handled)), nullptr);
}

void link_host::take_answer(link_peer& peer, link_id link, const frame& f) {
  auto asker = peer.answered(f.correlation);
  if (!asker || !asker->asker)
    return; // it came too late
  caf::message content;
  if (f.what == frame::kind::failed) {
    content = caf::make_message(to_error(message_types::decode_failure(f.payload)));
  } else if (!f.type.empty()) {
    const auto* type = types_->find(f.type);
    auto decoded = type ? types_->decode(*type, f.payload)
                        : result<caf::message>{failure{.reason = reason::bad_request,
                                                       .message = "an answer of an unknown type"}};
    if (!decoded) {
      content = caf::make_message(to_error(decoded.error()));
      transport_->close(link, decoded.error());
    } else {
      content = std::move(decoded).value();
    }
  }
  trace::scope scope{f.cause};
  asker->asker->enqueue(nullptr, asker->response, std::move(content), nullptr);
}

} // namespace troupe::kernel
