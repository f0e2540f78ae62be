// A handle that survives its actor's restart, and exists before its actor does: trees are wired by
// making the handles first and capturing them in the spawn functions.
//
//   kernel::stable<hub_actor> hub{process};
//   tree server{.children = {
//     {"hub", restart::always, [=](const place& at) { return spawn_hub(at, settings); },
//     hub.slot()},
//     {"api", restart::always, [=](const place& at) { return spawn_api(at, hub.handle()); }},
//   }};
//
// While there is no incarnation, messages wait (at most `stash`; then asks are answered unavailable
// and tells are dropped). Messages in a dying actor's mailbox are lost or, for asks, answered
// unavailable: protocols are level-triggered. After close() asks are answered unavailable, monitors
// are told, and nothing brings the handle back.
#pragma once

#include "actors/kernel/process.hpp"
#include "config/base/failure.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>

#include <cstddef>

namespace troupe::kernel {

class stable_slot {
public:
  stable_slot() = default; // none
  explicit stable_slot(const process_ptr& process, std::size_t stash = 1024);

  explicit operator bool() const { return address_ != nullptr; }
  const caf::strong_actor_ptr& address() const { return address_; }

  /// Directs messages to `incarnation`, those that waited first.
  void bind(const caf::strong_actor_ptr& incarnation) const;
  /// Messages wait from now on: the next incarnation is coming.
  void unbind() const;
  /// Nobody is coming soon: asks are answered unavailable, tells are dropped, also those that
  /// waited.
  void park() const;
  void close(const failure& why) const;
  std::size_t waiting() const;

private:
  caf::strong_actor_ptr address_;
};

template <class Handle> class stable {
public:
  explicit stable(const process_ptr& process, std::size_t stash = 1024) : slot_(process, stash) {}
  Handle handle() const { return caf::actor_cast<Handle>(slot_.address()); }
  operator Handle() const { return handle(); } // NOLINT: it is one
  const stable_slot& slot() const { return slot_; }

private:
  stable_slot slot_;
};

} // namespace troupe::kernel
