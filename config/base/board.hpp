// The newest value of something: kept by one, looked at by others from any thread.
#pragma once

#include <mutex>
#include <utility>

namespace troupe {

template <class T> class board {
public:
  board() = default;
  explicit board(T now) : now_(std::move(now)) {}
  T get() const {
    std::lock_guard guard{lock_};
    return now_;
  }
  void set(T now) {
    std::lock_guard guard{lock_};
    now_ = std::move(now);
  }

private:
  mutable std::mutex lock_;
  T now_{};
};

} // namespace troupe
