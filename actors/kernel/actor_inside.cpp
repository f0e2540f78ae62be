#include "actors/kernel/actor_inside.hpp"

#include <thread>

namespace troupe::kernel {

void spin_lock::lock() {
  for (int tries = 0; flag_.test_and_set(std::memory_order_acquire); ++tries)
    if (tries > 64)
      std::this_thread::yield();
}

void note_queue::push(const note& n) {
  if (count_ == ring_.size()) {
    std::vector<note> larger(ring_.size() * 2);
    for (std::size_t i = 0; i < count_; ++i)
      larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    ring_ = std::move(larger);
    head_ = 0;
  }
  ring_[(head_ + count_++) & (ring_.size() - 1)] = n;
}

bool note_queue::take(const caf::mailbox_element* message, note& out) {
  auto mask = ring_.size() - 1;
  for (std::size_t i = 0; i < count_; ++i) {
    if (ring_[(head_ + i) & mask].message != message)
      continue;
    out = ring_[(head_ + i) & mask];
    for (; i > 0; --i) // those before it move up
      ring_[(head_ + i) & mask] = ring_[(head_ + i - 1) & mask];
    head_ = (head_ + 1) & mask;
    --count_;
    return true;
  }
  return false;
}

} // namespace troupe::kernel
