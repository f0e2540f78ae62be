// The links of a process over TCP: TLS 1.3 with certificates on both sides, a connection per lane,
// length-prefixed frames, one I/O thread. Who a peer is stands in its certificate.
//
//   auto transport = kernel::make_asio_transport({.credential = peer, .ca_pem = ca});
//   CHECK_RETURN(transport->start(events, kernel::endpoint{"10.0.0.1", 7443}));
#pragma once

#include "actors/kernel/transport.hpp"
#include "config/base/clock.hpp"
#include "config/pki/certificate.hpp"

#include <memory>
#include <string>

namespace troupe::kernel {

struct asio_transport_settings {
  pki::credential credential;                        // of this process; names it to its peers
  std::string ca_pem;                                // what peers' certificates are checked against
  duration connect_deadline = 5s;                    // to the point where the link is up
  std::size_t send_limit = std::size_t{16} << 20;    // bytes queued per lane
  std::size_t receive_window = std::size_t{8} << 20; // bytes delivered and not consumed, per lane
  std::size_t max_connections = 20000;               // accepted and open; more are closed at once
};

std::unique_ptr<link_transport> make_asio_transport(asio_transport_settings with);

/// The process that a certificate speaks for: "system:node:NAME" of "system:nodes" or
/// "system:troupe:master:NAME" of "system:troupe:masters". Fails with forbidden on anybody else.
result<identity> process_identity(const pki::identity& certified);

} // namespace troupe::kernel
