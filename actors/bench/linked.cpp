#include "actors/bench/linked.hpp"

#include "actors/kernel/asio/transport.hpp"
#include "actors/kernel/clock.hpp"
#include "actors/storage/peer.hpp"

namespace troupe::bench {
namespace {

kernel::message_types types() {
  kernel::message_types out;
  storage::register_types(out);
  return out;
}

} // namespace

linked::configuration::configuration() { kernel::configure(*this, 1); }

linked::linked(const members& of)
    : system_(configuration_)
    , process_(kernel::process::make(
        system_, {.who = {own_name, kernel::role::master}, .seed = 1, .trace_bytes = 1 << 20},
        kernel::make_system_clock()))
    , links_(std::make_unique<kernel::links>(
        process_, types(),
        kernel::make_asio_transport({.credential = of.client, .ca_pem = of.ca_pem}))) {
  process_->tracer().set_recording(false);
}

linked::~linked() {
  links_->stop();
  links_.reset();
  process_->crash();
}

result<void> linked::start(const members& of) {
  CHECK_RETURN(links_->start(std::nullopt));
  for (const auto& m : of.all) {
    links_->dial({m.name, kernel::role::master}, {"127.0.0.1", m.peer_port});
    names_.push_back(m.name);
  }
  return {};
}

} // namespace troupe::bench
