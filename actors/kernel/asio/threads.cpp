#include "actors/kernel/asio/threads.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <deque>
#include <thread>
#include <utility> // Boost 1.74 needs it before Asio
#include <vector>

namespace troupe::io {

struct threads::state {
  struct loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays{
      context.get_executor()};
  };
  std::deque<loop> loops;
  std::vector<std::thread> runs;
  std::atomic<std::size_t> turn{0};
};

threads::threads(std::size_t count) : state_(std::make_unique<state>()) {
  for (std::size_t i = 0; i < count; ++i)
    state_->loops.emplace_back();
  for (auto& one : state_->loops)
    state_->runs.emplace_back([&context = one.context] { context.run(); });
}

threads::~threads() { stop(); }

void threads::stop() {
  for (auto& one : state_->loops)
    one.context.stop();
  for (auto& run : state_->runs)
    if (run.joinable())
      run.join();
}

std::size_t threads::size() const { return state_->loops.size(); }

boost::asio::io_context& threads::at(std::size_t index) { return state_->loops.at(index).context; }

boost::asio::io_context& threads::next() {
  return at(state_->turn.fetch_add(1, std::memory_order_relaxed) % size());
}

} // namespace troupe::io
