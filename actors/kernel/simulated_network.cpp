#include "actors/kernel/simulated_network.hpp"

#include "actors/kernel/simulated_wires.hpp"

namespace troupe::kernel {

using simulated::host;
using simulated::host_ptr;

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

void simulated_network::hold(std::string_view process) { impl_->held.emplace(process); }

void simulated_network::release(std::string_view process) {
  impl_->held.erase(std::string{process});
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

std::uint64_t simulated_network::lost() const { return impl_->lost; }

} // namespace troupe::kernel
