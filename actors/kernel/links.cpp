#include "actors/kernel/links.hpp"

#include "actors/kernel/link_host.hpp"

namespace troupe::kernel {

links::links(process_ptr process, message_types types, std::unique_ptr<link_transport> transport,
             link_settings settings)
    : host_(std::make_shared<link_host>(std::move(process), std::move(types), std::move(transport),
                                        settings)) {}

links::~links() { stop(); }

result<void> links::start(const std::optional<endpoint>& at) { return host_->start(at); }

void links::stop() { host_->stop(); }

std::optional<endpoint> links::listening() const { return host_->transport().listening(); }

void links::offer(portal p) { host_->offer(std::move(p)); }

void links::withdraw(std::string_view portal) { host_->withdraw(portal); }

caf::strong_actor_ptr links::import_address(std::string_view peer, std::string_view portal) {
  return host_->import(peer, portal);
}

void links::dial(const identity& peer, const endpoint& at) { host_->dial(peer, at); }

void links::hang_up(std::string_view peer) { host_->hang_up(peer); }

void links::subscribe(const link_subscriber& who) { host_->subscribe(who); }

std::shared_ptr<kernel::home> links::home() const { return host_->home(); }

std::vector<link_status> links::status() const { return host_->status(); }

} // namespace troupe::kernel
