#include "actors/kernel/link_host.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>

namespace troupe::kernel {

link_host::link_host(process_ptr process, message_types types,
                     std::unique_ptr<link_transport> transport, link_settings settings)
    : process_(std::move(process))
    , types_(std::make_shared<const message_types>(std::move(types)))
    , settings_(settings)
    , transport_(std::move(transport))
    , keeper_(process_) {
  if (transport_->one_thread())
    home_ = std::make_shared<kernel::home>(
      process_->system(), [this] { transport_->soon([home = home_] { home->run(); }); });
}

caf::actor_clock& link_host::clock() const { return process_->system().clock(); }

link_peer_ptr link_host::peer_of(const identity& who) {
  auto& peer = peers_[who.name];
  if (!peer) {
    peer = std::make_shared<link_peer>(who, *transport_, types_, settings_);
    ends_[who.name] = make_link_end(process_->system(), peer);
  }
  return peer;
}

link_peer_ptr link_host::peer_on(link_id link) const {
  std::lock_guard lock{mutex_};
  auto found = by_link_.find(link);
  return found == by_link_.end() ? nullptr : found->second;
}

std::shared_ptr<const portal> link_host::portal_named(std::string_view name) const {
  std::lock_guard lock{mutex_};
  auto found = portals_.find(name);
  return found == portals_.end() ? nullptr : found->second;
}

void link_host::offer(portal p) {
  for (const auto& rule : p.rules())
    invariant(types_->find(*rule.type) != nullptr,
              "a portal accepts only registered message types");
  std::lock_guard lock{mutex_};
  auto name = p.name();
  portals_[name] = std::make_shared<const portal>(std::move(p));
}

void link_host::withdraw(std::string_view name) {
  std::lock_guard lock{mutex_};
  if (auto found = portals_.find(name); found != portals_.end())
    portals_.erase(found);
}

caf::strong_actor_ptr link_host::import(std::string_view peer, std::string_view portal) {
  std::lock_guard lock{mutex_};
  auto& import = imports_[{std::string{peer}, std::string{portal}}];
  if (!import) {
    auto known = peers_.find(peer);
    // Its role is known with its first link; nobody asks for it before.
    auto to = known != peers_.end() ? known->second : peer_of({.name = std::string{peer}});
    import = make_import(shared_from_this(), std::move(to), std::string{portal});
  }
  return import;
}

void link_host::subscribe(const link_subscriber& who) {
  std::vector<identity> standing;
  auto fresh = false;
  {
    std::lock_guard lock{mutex_};
    fresh = std::find(subscribers_.begin(), subscribers_.end(), who) == subscribers_.end();
    if (fresh)
      subscribers_.push_back(who);
    for (const auto& [name, peer] : peers_)
      if (peer->link() != link_id{})
        standing.push_back(peer->who());
  }
  if (fresh) // forgotten with its end; a stable handle's is when it is closed
    caf::actor_cast<caf::abstract_actor*>(who)->attach_functor(
      [host = weak_from_this(), gone = who.address()] {
        if (auto h = host.lock())
          h->unsubscribe(gone);
      });
  for (auto& peer : standing)
    tell(who, link_up{std::move(peer)});
}

void link_host::unsubscribe(const caf::actor_addr& who) {
  std::lock_guard lock{mutex_};
  std::erase_if(subscribers_, [&](const auto& s) { return s.address() == who; });
}

std::vector<link_status> link_host::status() const {
  std::lock_guard lock{mutex_};
  std::vector<link_status> out;
  for (const auto& [name, peer] : peers_)
    if (name != process_->name())
      out.push_back(peer->status());
  return out;
}

// -- up and down ---------------------------------------------------------------------------------

void link_host::on_up(link_id link, const identity& who) {
  link_peer_ptr peer;
  link_id before{};
  std::vector<link_subscriber> told;
  {
    std::lock_guard lock{mutex_};
    if (stopped_ || !process_->alive())
      return;
    peer = peer_of(who);
    before = peer->link();
    if (before != link_id{})
      by_link_.erase(before);
    told = subscribers_;
  }
  failure replaced{.reason = reason::unavailable, .message = who.name + " has linked anew"};
  if (before != link_id{}) { // the peer came back before we noticed that it had gone
    end(*peer, replaced);
    transport_->close(before, replaced);
  }
  {
    std::lock_guard lock{mutex_};
    by_link_[link] = peer;
    peer->up(who, link, process_->now(), clock().now());
    if (auto d = dials_.find(who.name); d != dials_.end()) {
      d->second.failed = 0;
      d->second.trying = {};
    }
  }
  for (const auto& subscriber : told)
    tell(subscriber, link_up{who});
}

void link_host::end(link_peer& peer, const failure& why) {
  auto open = peer.down(process_->now());
  for (auto& ask : open)
    if (ask.asker)
      ask.asker->enqueue(nullptr, ask.response,
                         caf::make_message(to_error({.reason = reason::timeout,
                                                     .message = "the link to " + peer.who().name
                                                                + " broke: " + why.message})),
                         nullptr);
  std::vector<link_subscriber> told;
  {
    std::lock_guard lock{mutex_};
    told = subscribers_;
  }
  for (const auto& subscriber : told)
    tell(subscriber, link_down{peer.who(), why});
}

void link_host::on_down(link_id link, const failure& why) {
  link_peer_ptr peer;
  {
    std::lock_guard lock{mutex_};
    if (auto found = by_link_.find(link); found != by_link_.end()) {
      peer = found->second;
      by_link_.erase(found);
    }
    for (auto& [name, d] : dials_)
      if (d.trying == link || (peer && peer->who().name == name))
        redial_later(d);
  }
  if (peer)
    end(*peer, why);
  wake_keeper();
}

// -- dialling ------------------------------------------------------------------------------------

void link_host::redial_later(dialled& d) {
  d.trying = {};
  auto delay = settings_.redial_first;
  for (auto n = d.failed++; n > 0 && delay < settings_.redial_most; --n)
    delay *= 2;
  d.due = clock().now() + std::min(delay, settings_.redial_most);
}

void link_host::dial(const identity& who, const endpoint& at) {
  auto is_own = who.name == process_->name();
  auto is_theirs =
    process_->who().role == role::master && who.role == role::master && who.name < process_->name();
  if (is_own || is_theirs)
    return; // exactly one side dials
  {
    std::lock_guard lock{mutex_};
    auto& d = dials_[who.name];
    d = {.who = who, .at = at, .trying = d.trying};
  }
  wake_keeper();
}

void link_host::hang_up(std::string_view name) {
  link_id link{};
  {
    std::lock_guard lock{mutex_};
    if (auto d = dials_.find(name); d != dials_.end())
      dials_.erase(d);
    if (auto peer = peers_.find(name); peer != peers_.end())
      link = peer->second->link();
  }
  if (link != link_id{})
    transport_->close(link, {.reason = reason::unavailable, .message = "hung up"});
}

std::optional<time_point> link_host::beat() {
  auto now = clock().now();
  std::optional<time_point> next;
  std::vector<link_id> silent;
  {
    std::lock_guard lock{mutex_};
    if (stopped_)
      return std::nullopt;
    for (auto& [name, peer] : peers_)
      if (peer->beat(now))
        silent.push_back(peer->link());
    for (auto& [name, d] : dials_) {
      auto peer = peers_.find(name);
      if (d.trying != link_id{} || (peer != peers_.end() && peer->second->link() != link_id{}))
        continue;
      if (d.due <= now)
        d.trying = transport_->connect(d.at, d.who);
      else if (!next || d.due < *next)
        next = d.due;
    }
  }
  for (auto link : silent)
    transport_->close(link, {.reason = reason::unavailable,
                             .message = "nothing was heard from the peer for too long"});
  return next;
}

void link_host::wake_keeper() {
  if (process_->alive())
    tell(keeper_.handle(), link_beat{});
}

namespace {

struct keeper_state {
  keeper_state() = default;
  std::optional<time_point> armed; // when the next link_beat::why::dial comes
};

/// Beats, and looks after the dials in between.
link_keeper::behavior_type keep_links(self_ptr<link_keeper, keeper_state> self,
                                      const std::weak_ptr<link_host>& of) {
  if (auto first = of.lock())
    self->after(first->heartbeat(), link_beat{link_beat::why::regular});
  return {[self, of](const link_beat& m) {
    auto host = of.lock();
    if (!host)
      return;
    auto& armed = self->state.armed;
    if (m.why == link_beat::why::regular)
      self->after(host->heartbeat(), m);
    auto now = self->scheduled().clock().now();
    if (armed && *armed <= now)
      armed.reset();
    auto due = host->beat();
    if (due && (!armed || *due < *armed)) {
      armed = due;
      self->after(*due - now, link_beat{link_beat::why::dial});
    }
  }};
}

} // namespace

result<void> link_host::start(const std::optional<endpoint>& at) {
  CHECK_RETURN(transport_->start(*this, at)); // before the keeper dials
  std::weak_ptr<link_host> self = shared_from_this();
  root_ = spawn_supervisor({.process = process_, .path = "links"},
                           {.children = {{"keeper", restart::always,
                                          [self](const place& where) {
                                            return spawn<link_keeper, keeper_state>(
                                              where, keep_links, self);
                                          },
                                          keeper_.slot()}}});
  wake_keeper();
  return {};
}

void link_host::stop() {
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(stopped_, true))
      return;
    dials_.clear();
  }
  transport_->stop(); // on_down for every link
  if (home_)
    home_->close(); // its thread is gone
  if (root_)
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
}

} // namespace troupe::kernel
