// What carries frames between two processes: bytes, identities, lanes. No CAF here, so that the
// real driver (Asio, TLS 1.3 mutual) and the simulated network are both written against this page.
//
// A *link* joins two processes and has two lanes, each a connection (and an ordered stream) of its
// own, so that a snapshot never delays a heartbeat. The transport pairs the lanes: a link is up
// when both are, and down as soon as one is. Frames are opaque bytes of at most `max_frame`.
#pragma once

#include "config/base/failure.hpp"
#include "config/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace troupe::kernel {

enum class role : std::uint8_t { master, node };

/// Who a process is, as its certificate says (in the simulation: as the world says).
struct identity {
  std::string name;
  kernel::role role = role::node;
  bool operator==(const identity&) const = default;
};

enum class lane : std::uint8_t {
  control, // Raft, heartbeats, questions: small and urgent
  bulk,    // snapshots, lists
};

/// Names one link of one transport while that process lives; never reused. 0: none.
enum class link_id : std::uint64_t {};

inline constexpr std::size_t max_frame = std::size_t{4} << 20;

struct endpoint {
  std::string host; // an address or a name
  std::uint16_t port = 0;
  bool operator==(const endpoint&) const = default;
};

/// Hears of the links. Calls come from the transport's threads: one at a time for one link, in
/// order per lane; for different links possibly at the same time. The callee is short and never
/// blocks. A call never comes from within a call of `link_transport`, nor while the transport holds
/// a lock that such a call needs: the callee may call back at once.
class link_listener {
public:
  virtual ~link_listener() = default;
  /// Both lanes stand and the peer has proved to be `peer`. Also for links that the peer dialled.
  virtual void on_up(link_id link, const identity& peer) = 0;
  virtual void on_frame(link_id link, lane on, std::string frame) = 0;
  /// `send` said full before, and there is room again.
  virtual void on_writable(link_id link, lane on) = 0;
  /// The end of a link, whether it ever was up or not; nothing follows it. Once per link.
  virtual void on_down(link_id link, const failure& why) = 0;
};

/// The seam between the links and the world. Thread-safe.
class link_transport {
public:
  enum class sent : std::uint8_t {
    accepted, // it will be sent, unless the link goes down
    full,     // not accepted: this lane's buffer is over its limit; on_writable follows
    gone,     // not accepted: there is no such link (any more)
  };

  link_transport() = default;
  link_transport(const link_transport&) = delete;
  link_transport& operator=(const link_transport&) = delete;
  virtual ~link_transport() = default;

  /// Begins to call `events`, which must outlive stop(); accepts links at `listen_at` if given.
  /// Fails when the address cannot be bound. Called once.
  virtual result<void> start(link_listener& events, const std::optional<endpoint>& listen_at) = 0;

  /// True: all calls of the listener come from one thread, and it has time for short work besides.
  virtual bool one_thread() const { return false; }
  /// Has that thread do `work` behind what it has to do now; nothing after stop(). From any thread.
  virtual void soon(std::function<void()> work) {
    (void)work;
    invariant(false, "only a transport of one thread does work for others");
  }

  /// Where it listens (the port is the bound one when 0 was asked for); nothing when it does not.
  virtual std::optional<endpoint> listening() const = 0;

  /// Dials and returns at once; exactly one of on_up and on_down follows for the link, within the
  /// driver's own deadline (5 s by default, handshakes included). A peer that proves to be anybody
  /// but `expected` is refused: on_down with reason::forbidden.
  virtual link_id connect(const endpoint& to, const identity& expected) = 0;

  /// Hands over one frame of at most `max_frame` bytes (more is a broken invariant). Never blocks.
  /// `frame` is moved from only when it was accepted.
  virtual sent send(link_id link, lane on, std::string&& frame) = 0;

  /// Gives back the receive window of a frame that was delivered: the transport stops reading a
  /// lane while more than its window (8 MiB by default) is delivered but not consumed.
  virtual void consumed(link_id link, lane on, std::size_t bytes) = 0;

  /// Ends a link; on_down with `why` follows. Nothing happens when it is gone already.
  virtual void close(link_id link, const failure& why) = 0;

  /// Ends everything: on_down for every link, then no call of the listener any more. Blocks until
  /// then. Idempotent.
  virtual void stop() = 0;
};

} // namespace troupe::kernel
