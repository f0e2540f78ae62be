// Where an actor is spawned: its process, its path in the supervision tree, and for how long it may
// act. Spawn functions take one; `fence` is the term that a leader scope's commands carry.
#pragma once

#include "actors/kernel/process.hpp"
#include "config/base/ids.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe::kernel {

class home; // home.hpp

/// The right to act in one term, shared by all actors of a leader scope and withdrawn from all of
/// them at once. A handle: copies say the same.
class fence {
public:
  explicit fence(term_id term)
      : term_(term), standing_(std::make_shared<std::atomic<bool>>(true)) {}
  term_id term() const { return term_; }
  bool standing() const { return standing_->load(std::memory_order_acquire); }
  void withdraw() { standing_->store(false, std::memory_order_release); }

private:
  term_id term_;
  std::shared_ptr<std::atomic<bool>> standing_;
};

struct place {
  process_ptr process;
  std::string path;                   // "controllers/deployment"; empty at the root
  std::uint32_t incarnation = 1;      // counts up with each restart
  std::string last_death;             // why the incarnation before ended
  std::optional<kernel::fence> fence; // set below a leader scope
  std::size_t mailbox =
    1024; // asks beyond it are answered too_many_requests; tells at 64 times it are dropped
  std::shared_ptr<kernel::home> home; // where it is handled; none: on any worker

  /// Below this one: same process and fence, first incarnation.
  place child(std::string_view name) const {
    auto below = path.empty() ? std::string{name} : path + '/' + std::string{name};
    return {.process = process, .path = std::move(below), .fence = fence};
  }
  place with_mailbox(std::size_t limit) const {
    auto copy = *this;
    copy.mailbox = limit;
    return copy;
  }
  /// `where` may be none. What lives below is not at home there.
  place with_home(std::shared_ptr<kernel::home> where) const {
    auto copy = *this;
    copy.home = std::move(where);
    return copy;
  }
};

} // namespace troupe::kernel
