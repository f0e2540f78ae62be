#include "actors/kernel/pool.hpp"

#include "actors/kernel/actor_inside.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace troupe::kernel {
namespace {

class thread_pool final : public blocking_pool {
public:
  thread_pool(std::string name, std::size_t threads, std::size_t queue)
      : name_(std::move(name)), limit_(queue) {
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { work(); });
  }
  ~thread_pool() override {
    {
      std::lock_guard lock{mutex_};
      stopping_ = true;
      jobs_.clear();
    }
    wake_.notify_all();
    for (auto& t : threads_)
      t.join();
  }

  bool post(std::function<void()> job) override {
    {
      std::lock_guard lock{mutex_};
      if (stopping_ || jobs_.size() >= limit_)
        return false;
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
  }

private:
  void work() {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    for (std::unique_lock lock{mutex_};;) {
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty())
        return;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr; // what it held goes here, not under the lock
      lock.lock();
    }
  }

  std::string name_;
  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace

std::unique_ptr<blocking_pool> make_blocking_pool(std::string name, std::size_t threads,
                                                  std::size_t queue) {
  return std::make_unique<thread_pool>(std::move(name), threads, queue);
}

namespace detail {

caf::message_id run_job(actor_core& self, blocking_pool& pool,
                        std::function<std::shared_ptr<void>()> work, duration deadline) {
  auto id = self.new_ask();
  auto response = id.response_id();
  self.open_ask(response, deadline);
  auto back = std::make_shared<return_address>(self.address(), response, trace::current_cause());
  auto job = [back, work = std::move(work), cause = trace::current_cause()]() mutable {
    trace::scope scope{cause};
    try {
      back->send(caf::make_message(job_done{work()}));
    } catch (const std::exception& e) {
      back->fail({.reason = reason::internal, .message = e.what()});
    }
    work = nullptr;
  };
  if (!pool.post(std::move(job)))
    back->fail({.reason = reason::too_many_requests,
                .message = "the queue of blocking work of " + self.path() + " is full",
                .retry_after_seconds = 1});
  return response;
}

} // namespace detail
} // namespace troupe::kernel
