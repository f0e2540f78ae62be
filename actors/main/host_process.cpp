#include "actors/main/host_process.hpp"

#include "actors/kernel/asio/transport.hpp"
#include "actors/main/link_types.hpp"
#include "actors/main/program.hpp"
#include "config/pki/key.hpp"

#include <caf/scoped_actor.hpp>

#include <csignal>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace troupe::program {
namespace {

constexpr duration stop_within = 5s;

int block_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &wanted, SFD_CLOEXEC);
}

std::uint64_t random_seed() {
  auto bytes = pki::random_bytes(8);
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data(), sizeof(out));
  return out;
}

} // namespace

host_process::config::config(std::size_t threads) { kernel::configure(*this, threads); }

host_process::host_process(const host_options& o)
    : signals_(block_signals())
    , fatal_(eventfd(0, EFD_CLOEXEC))
    , config_(o.actor_threads)
    , system_(std::make_unique<caf::actor_system>(config_)) {
  process_ = kernel::process::make(
    *system_, {.who = o.who, .seed = random_seed(), .trace_bytes = o.trace_bytes},
    kernel::make_system_clock());
  process_->on_fatal([this](const std::string& path, const failure& why) {
    if (removed_)
      std::cerr << "troupe: " << why.message << std::endl;
    else
      std::cerr << "the actor '" << path
                << "' died and this process cannot go on without it: " << why.message << std::endl;
    eventfd_write(fatal_, 1);
  });
  auto transport = kernel::make_asio_transport({.credential = o.credential, .ca_pem = o.ca_pem});
  links_ = std::make_unique<kernel::links>(
    process_, link_types(), std::move(transport),
    kernel::link_settings{
      .heartbeat = o.link.heartbeat,
      .lost_after = o.link.dead_after,
      // A master that was restarted is called soon: until then it serves nobody.
      .redial_most = o.who.role == kernel::role::master ? duration{200ms} : duration{1s}});
}

host_process::~host_process() {
  links_->stop();
  links_.reset();
  process_->crash();
  process_.reset();
  system_.reset();
  close(signals_);
  close(fatal_);
}

int host_process::run(kernel::tree t,
                      const std::function<void(caf::actor_system&)>& before_stopping) {
  auto tree = kernel::spawn_supervisor(root(), std::move(t));
  pollfd events[] = {{.fd = signals_, .events = POLLIN, .revents = 0},
                     {.fd = fatal_, .events = POLLIN, .revents = 0}};
  while (poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  if (events[1].revents & POLLIN)
    return removed_ ? removed_exit_code : 1;
  if (before_stopping)
    before_stopping(*system_);
  caf::scoped_actor self{*system_};
  self
    ->request(tree, std::chrono::duration_cast<std::chrono::milliseconds>(stop_within),
              kernel::stop_tree{})
    .receive([](const kernel::done&) {}, [](const caf::error&) {});
  return 0;
}

} // namespace troupe::program
