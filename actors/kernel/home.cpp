#include "actors/kernel/home.hpp"

#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <utility>

namespace troupe::kernel {
namespace {

constexpr int most_turns = 16;             // between two looks at the sockets
constexpr std::size_t most_messages = 100; // of one actor in one turn

} // namespace

/// Where jobs come in.
class home::outside final : public caf::execution_unit {
public:
  explicit outside(home& of) : caf::execution_unit(&of.system_), home_(of) {}
  void exec_later(caf::resumable* job) override { home_.take(job); }

private:
  home& home_;
};

/// What an actor runs in here. Those that it wakes go to the workers, unless they are at home:
/// then they come through the door.
class home::inside final : public caf::execution_unit {
public:
  explicit inside(home& of) : caf::execution_unit(&of.system_) {}
  void exec_later(caf::resumable* job) override { system().scheduler().enqueue(job); }
};

home::home(caf::actor_system& system, std::function<void()> wake)
    : system_(system)
    , door_(std::make_unique<outside>(*this))
    , unit_(std::make_unique<inside>(*this))
    , wake_(std::move(wake)) {}

home::~home() { close(); }

caf::execution_unit* home::door() { return door_.get(); }

void home::take(caf::resumable* job) {
  std::lock_guard lock{mutex_};
  if (!wake_)
    return system_.scheduler().enqueue(job);
  waiting_.push_back(job);
  if (!std::exchange(awake_, true))
    wake_();
}

bool home::begin_turn() {
  std::lock_guard lock{mutex_};
  turn_.swap(waiting_);
  awake_ = !turn_.empty();
  return awake_;
}

void home::run() {
  for (int turn = 0; turn < most_turns; ++turn) {
    if (!begin_turn())
      return;
    for (auto* job : turn_)
      if (job->resume(unit_.get(), most_messages) == caf::resumable::resume_later)
        take(job);
      else
        caf::intrusive_ptr_release(job);
    turn_.clear();
  }
  std::lock_guard lock{mutex_};
  if (wake_)
    wake_(); // behind what the thread has to do besides
}

void home::close() {
  std::lock_guard lock{mutex_};
  wake_ = nullptr;
  for (auto* job : std::exchange(waiting_, {}))
    system_.scheduler().enqueue(job);
}

} // namespace troupe::kernel
