#include "actors/kernel/simulated_network.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <vector>

namespace troupe::kernel {
namespace {

constexpr duration retry_connect = 200ms;
constexpr std::size_t window = std::size_t{8} << 20; // delivered, not consumed

struct host; // one attached process

/// One direction of one lane: what is under way, in order.
struct stream {
  struct item {
    instant due;
    std::string bytes;
  };
  std::deque<item> items;
  std::size_t bytes = 0;      // of the items
  std::size_t unconsumed = 0; // delivered
  bool was_full = false;
  bool pumping = false; // an event for it is scheduled
};

struct side {
  std::shared_ptr<host> at;
  link_id link{};
  bool open = false;             // its process thinks that the link stands
  std::array<stream, 2> outward; // by lane
  bool fin = false;              // its end is under way to the other side
};

struct wire {
  std::array<side, 2> sides; // 0 dialled
};
using wire_ptr = std::shared_ptr<wire>;

struct host {
  identity who;
  link_listener* events = nullptr; // null: not started, stopped or unplugged
  std::optional<endpoint> listening;
  std::uint64_t last_link = 0;
  std::map<link_id, std::pair<wire_ptr, std::size_t>> links; // and which side
  std::set<link_id> dialling;
};
using host_ptr = std::shared_ptr<host>;

} // namespace

struct simulated_network::impl : std::enable_shared_from_this<impl> {
  impl(simulation& w, network_settings s) : world(w), settings(s), random(w.random()()) {}

  duration delay(const std::string& from, const std::string& to) {
    auto span = static_cast<std::uint64_t>((settings.most_delay - settings.least_delay).count());
    auto extra = slowed.find({from, to});
    return settings.least_delay + duration{random.below(span + 1)}
           + (extra == slowed.end() ? duration{} : extra->second);
  }
  bool is_cut(const std::string& from, const std::string& to) const {
    return cuts.contains({from, to});
  }
  void later(duration d, std::function<void()> what) {
    world.after(d, [self = shared_from_this(), what = std::move(what)] { what(); });
  }

  // -- connecting --

  void attempt(const host_ptr& from, link_id link, const endpoint& to, const identity& expected,
               instant deadline);
  void establish(const host_ptr& from, link_id link, const host_ptr& to);
  void fail_dial(const host_ptr& from, link_id link, failure why);

  // -- frames --

  link_transport::sent send(const host_ptr& from, link_id link, lane on, std::string&& bytes);
  void pump(const wire_ptr& w, std::size_t from, std::size_t on);
  void schedule(const wire_ptr& w, std::size_t from, std::size_t on, duration in);
  void consumed(const host_ptr& at, link_id link, lane on, std::size_t bytes);

  // -- ends --

  /// One side's process hears (or not) that the link is down; whatever was to come to it is lost.
  void drop(const wire_ptr& w, std::size_t which, const failure& why, bool tell);
  /// The news of the end travel to the other side.
  void send_fin(const wire_ptr& w, std::size_t from);
  void close(const host_ptr& at, link_id link, const failure& why);
  void heal();

  simulation& world;
  network_settings settings;
  random_source random;
  std::map<std::string, host_ptr> hosts;
  std::vector<std::weak_ptr<wire>> wires;
  std::set<std::pair<std::string, std::string>> cuts;
  std::map<std::pair<std::string, std::string>, duration> slowed;
  std::uint64_t delivered = 0;
};

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
  later(delay(to->who.name, from->who.name), [=, this] {
    if (from->dialling.erase(link) == 0 || !from->events) {
      send_fin(w, 0);
      return;
    }
    w->sides[0].open = true;
    from->links[link] = {w, 0};
    from->events->on_up(link, to->who);
    for (std::size_t on : {0, 1}) // what the other side said already
      schedule(w, 1, on, 0s);
    if (w->sides[1].fin)
      later(0s,
            [=, this] { drop(w, 0, {.reason = reason::unavailable, .message = "closed"}, true); });
  });
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

void simulated_network::impl::drop(const wire_ptr& w, std::size_t which, const failure& why,
                                   bool tell) {
  auto& mine = w->sides[which];
  for (auto& s : w->sides[1 - which].outward)
    s.items.clear();
  if (!std::exchange(mine.open, false))
    return;
  mine.at->links.erase(mine.link);
  if (tell && mine.at->events)
    mine.at->events->on_down(mine.link, why);
}

void simulated_network::impl::send_fin(const wire_ptr& w, std::size_t from) {
  auto& mine = w->sides[from];
  mine.fin = true;
  for (auto& s : mine.outward)
    s.items.clear();
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

// -- the driver in each process ------------------------------------------------------------------

namespace {

class cable final : public link_transport {
public:
  cable(std::shared_ptr<simulated_network::impl> network, host_ptr at)
      : network_(std::move(network)), at_(std::move(at)) {}
  ~cable() override { stop(); }

  result<void> start(link_listener& events, const std::optional<endpoint>& listen_at) override {
    at_->events = &events;
    at_->listening = listen_at;
    return {};
  }
  std::optional<endpoint> listening() const override { return at_->listening; }

  link_id connect(const endpoint& to, const identity& expected) override {
    link_id link{++at_->last_link};
    at_->dialling.insert(link);
    auto deadline = network_->world.now() + network_->settings.connect_deadline;
    network_->later(network_->delay(at_->who.name, to.host),
                    [network = network_.get(), at = at_, link, to, expected, deadline] {
                      network->attempt(at, link, to, expected, deadline);
                    });
    return link;
  }
  sent send(link_id link, lane on, std::string&& bytes) override {
    return network_->send(at_, link, on, std::move(bytes));
  }
  void consumed(link_id link, lane on, std::size_t bytes) override {
    network_->consumed(at_, link, on, bytes);
  }
  void close(link_id link, const failure& why) override { network_->close(at_, link, why); }

  void stop() override {
    failure why{.reason = reason::unavailable, .message = "the transport was stopped"};
    auto dialling = std::exchange(at_->dialling, {});
    if (at_->events)
      for (auto link : dialling)
        at_->events->on_down(link, why);
    while (!at_->links.empty()) {
      auto [w, which] = at_->links.begin()->second;
      network_->send_fin(w, which);
      network_->drop(w, which, why, true);
    }
    at_->events = nullptr;
    at_->listening.reset();
  }

private:
  std::shared_ptr<simulated_network::impl> network_;
  host_ptr at_;
};

} // namespace

// -- the network ---------------------------------------------------------------------------------

simulated_network::simulated_network(simulation& world, network_settings settings)
    : impl_(std::make_shared<impl>(world, settings)) {}

simulated_network::~simulated_network() = default;

std::unique_ptr<link_transport> simulated_network::attach(const process_ptr& process) {
  auto at = std::make_shared<host>();
  at->who = process->who();
  impl_->hosts[process->name()] = at;
  return std::make_unique<cable>(impl_, at);
}

void simulated_network::cut(std::string_view from, std::string_view to) {
  impl_->cuts.emplace(from, to);
}

void simulated_network::partition(const std::vector<std::string>& one,
                                  const std::vector<std::string>& other) {
  for (const auto& a : one)
    for (const auto& b : other) {
      cut(a, b);
      cut(b, a);
    }
}

void simulated_network::heal(std::string_view from, std::string_view to) {
  impl_->cuts.erase({std::string{from}, std::string{to}});
  impl_->heal();
}

void simulated_network::heal_all() {
  impl_->cuts.clear();
  impl_->heal();
}

void simulated_network::slow(std::string_view from, std::string_view to, duration extra) {
  impl_->slowed[{std::string{from}, std::string{to}}] = extra;
}

void simulated_network::reset(std::string_view one, std::string_view other) {
  for (auto& weak : impl_->wires) {
    auto w = weak.lock();
    if (!w)
      continue;
    const auto& a = w->sides[0].at->who.name;
    const auto& b = w->sides[1].at->who.name;
    if ((a != one || b != other) && (a != other || b != one))
      continue;
    for (std::size_t which : {0, 1})
      impl_->later(impl_->delay(a, b), [w, which, network = impl_.get()] {
        network->drop(w, which,
                      {.reason = reason::unavailable, .message = "the connection was reset"}, true);
      });
  }
}

void simulated_network::unplug(std::string_view process) {
  auto found = impl_->hosts.find(std::string{process});
  if (found == impl_->hosts.end())
    return;
  auto at = found->second;
  at->events = nullptr;
  at->dialling.clear();
  impl_->hosts.erase(found);
  while (!at->links.empty()) {
    auto [w, which] = at->links.begin()->second;
    impl_->send_fin(w, which);
    impl_->drop(w, which, {}, false);
  }
}

std::uint64_t simulated_network::delivered() const { return impl_->delivered; }

} // namespace troupe::kernel
