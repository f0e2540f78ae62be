#include "actors/kernel/simulated_wires.hpp"

#include <algorithm>

namespace troupe::kernel {

using simulated::host_ptr;
using simulated::wire;
using simulated::wire_ptr;

namespace {

constexpr duration retry_connect = 200ms;
constexpr std::size_t window = std::size_t{8} << 20; // delivered, not consumed

} // namespace

// -- connecting ----------------------------------------------------------------------------------

void simulated_network::impl::fail_dial(const host_ptr& from, link_id link, failure why) {
  if (from->dialling.erase(link) > 0 && from->events)
    from->events->on_down(link, why);
}

void simulated_network::impl::attempt(const host_ptr& from, link_id link, const endpoint& to,
                                      const identity& expected, instant deadline) {
  if (!from->dialling.contains(link))
    return; // closed meanwhile
  if (is_cut(from->who.name, to.host) || is_cut(to.host, from->who.name)) {
    if (world.now() >= deadline)
      return fail_dial(
        from, link,
        {.reason = reason::timeout, .message = "connecting to " + to.host + " took too long"});
    later(retry_connect, [=, this] { attempt(from, link, to, expected, deadline); });
    return;
  }
  auto found = hosts.find(to.host);
  if (found == hosts.end() || !found->second->events || !found->second->listening)
    return fail_dial(
      from, link, {.reason = reason::unavailable, .message = to.host + " refused the connection"});
  if (found->second->who != expected)
    return fail_dial(
      from, link, {.reason = reason::forbidden, .message = to.host + " is not " + expected.name});
  establish(from, link, found->second);
}

void simulated_network::impl::establish(const host_ptr& from, link_id link, const host_ptr& to) {
  auto w = std::make_shared<wire>();
  std::erase_if(wires, [](const auto& weak) { return weak.expired(); });
  wires.push_back(w);
  link_id theirs{++to->last_link};
  w->sides[0].at = from;
  w->sides[0].link = link;
  w->sides[1].at = to;
  w->sides[1].link = theirs;
  w->sides[1].open = true;
  to->links[theirs] = {w, 1};
  to->events->on_up(theirs, from->who);
  later(delay(to->who.name, from->who.name), [=, this] { complete(w, link); });
}

/// The dialling side hears that the link stands.
void simulated_network::impl::complete(const wire_ptr& w, link_id link) {
  const auto& from = w->sides[0].at;
  if (held.contains(from->who.name))
    return later(retry_connect, [=, this] { complete(w, link); });
  if (from->dialling.erase(link) == 0 || !from->events) {
    send_fin(w, 0);
    return;
  }
  w->sides[0].open = true;
  from->links[link] = {w, 0};
  from->events->on_up(link, w->sides[1].at->who);
  for (std::size_t on : {0, 1}) // what the other side said already
    schedule(w, 1, on, 0s);
  if (w->sides[1].fin)
    later(0s,
          [=, this] { drop(w, 0, {.reason = reason::unavailable, .message = "closed"}, true); });
}

// -- frames --------------------------------------------------------------------------------------

link_transport::sent simulated_network::impl::send(const host_ptr& from, link_id link, lane on,
                                                   std::string&& bytes) {
  invariant(bytes.size() <= max_frame, "a frame has at most 4 MiB");
  auto found = from->links.find(link);
  if (found == from->links.end())
    return link_transport::sent::gone;
  auto& [w, which] = found->second;
  auto lane_index = static_cast<std::size_t>(on);
  auto& s = w->sides[which].outward[lane_index];
  if (s.bytes + bytes.size() > settings.buffer) {
    s.was_full = true;
    return link_transport::sent::full;
  }
  auto due = world.now() + delay(from->who.name, w->sides[1 - which].at->who.name);
  if (!s.items.empty())
    due = std::max(due, s.items.back().due);
  s.bytes += bytes.size();
  s.items.push_back({due, std::move(bytes)});
  schedule(w, which, lane_index, due - world.now());
  return link_transport::sent::accepted;
}

void simulated_network::impl::schedule(const wire_ptr& w, std::size_t from, std::size_t on,
                                       duration in) {
  auto& s = w->sides[from].outward[on];
  if (s.items.empty() || std::exchange(s.pumping, true))
    return;
  later(std::max<duration>(in, 0s), [=, this] {
    w->sides[from].outward[on].pumping = false;
    pump(w, from, on);
  });
}

void simulated_network::impl::pump(const wire_ptr& w, std::size_t from, std::size_t on) {
  auto& s = w->sides[from].outward[on];
  auto& sender = w->sides[from];
  auto& receiver = w->sides[1 - from];
  if (s.items.empty() || !receiver.open || is_cut(sender.at->who.name, receiver.at->who.name)
      || s.unconsumed > window)
    return; // whoever ends that pumps again
  if (s.items.front().due > world.now())
    return schedule(w, from, on, s.items.front().due - world.now());
  auto bytes = std::move(s.items.front().bytes);
  s.items.pop_front();
  s.bytes -= bytes.size();
  s.unconsumed += bytes.size();
  ++delivered;
  if (s.was_full && s.bytes < settings.buffer / 2) {
    s.was_full = false;
    if (sender.open && sender.at->events)
      sender.at->events->on_writable(sender.link, static_cast<lane>(on));
  }
  if (receiver.at->events)
    receiver.at->events->on_frame(receiver.link, static_cast<lane>(on), std::move(bytes));
  if (!s.items.empty())
    schedule(w, from, on, s.items.front().due - world.now());
}

void simulated_network::impl::consumed(const host_ptr& at, link_id link, lane on,
                                       std::size_t bytes) {
  auto found = at->links.find(link);
  if (found == at->links.end())
    return;
  auto& [w, which] = found->second;
  auto lane_index = static_cast<std::size_t>(on);
  auto& s = w->sides[1 - which].outward[lane_index];
  s.unconsumed -= std::min(s.unconsumed, bytes);
  if (!s.items.empty())
    schedule(w, 1 - which, lane_index, s.items.front().due - world.now());
}

// -- ends ----------------------------------------------------------------------------------------

void simulated_network::impl::lose(simulated::side& sender) {
  for (auto& s : sender.outward) {
    lost += s.items.size();
    s.items.clear();
  }
}

void simulated_network::impl::drop(const wire_ptr& w, std::size_t which, const failure& why,
                                   bool tell) {
  auto& mine = w->sides[which];
  lose(w->sides[1 - which]);
  if (!std::exchange(mine.open, false))
    return;
  mine.at->links.erase(mine.link);
  if (tell && mine.at->events)
    mine.at->events->on_down(mine.link, why);
}

void simulated_network::impl::send_fin(const wire_ptr& w, std::size_t from) {
  auto& mine = w->sides[from];
  mine.fin = true;
  lose(mine);
  const auto& me = mine.at->who.name;
  const auto& other = w->sides[1 - from].at->who.name;
  if (is_cut(me, other))
    return; // heal() sends it again
  later(delay(me, other), [=, this] {
    if (!is_cut(w->sides[from].at->who.name, w->sides[1 - from].at->who.name))
      drop(w, 1 - from, {.reason = reason::unavailable, .message = "the peer closed the link"},
           true);
  });
}

void simulated_network::impl::close(const host_ptr& at, link_id link, const failure& why) {
  if (at->dialling.contains(link)) {
    later(0s, [=, this] { fail_dial(at, link, why); });
    return;
  }
  auto found = at->links.find(link);
  if (found == at->links.end())
    return;
  auto [w, which] = found->second;
  send_fin(w, which);
  later(0s, [=, this] { drop(w, which, why, true); });
}

void simulated_network::impl::heal() {
  for (auto& weak : wires)
    if (auto w = weak.lock())
      for (std::size_t from : {0, 1}) {
        if (w->sides[from].fin)
          send_fin(w, from);
        for (std::size_t on : {0, 1})
          schedule(w, from, on, 0s);
      }
}

} // namespace troupe::kernel
