#include "actors/kernel/simulation.hpp"

#include "actors/kernel/outside.hpp"
#include "actors/kernel/process_registry.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <deque>
#include <map>

namespace troupe::kernel {
namespace {

using time_point = caf::actor_clock::time_point;

constexpr instant epoch{std::chrono::seconds{1'767'225'600}}; // 2026-01-01T00:00:00Z

struct virtual_time {
  caf::detail::test_actor_clock* timers = nullptr;
  time_point origin;
  instant now() const { return epoch + (timers->current_time - origin); }
};

class simulated_clock final : public clock {
public:
  simulated_clock(std::shared_ptr<virtual_time> time, std::shared_ptr<duration> skew)
      : time_(std::move(time)), skew_(std::move(skew)) {}
  instant now() const override { return time_->now() + *skew_; }

private:
  std::shared_ptr<virtual_time> time_;
  std::shared_ptr<duration> skew_;
};

class fingerprint final : public witness {
public:
  explicit fingerprint(std::shared_ptr<virtual_time> time) : time_(std::move(time)) {}
  void handled(const std::string& process, const std::string& receiver, const char* type,
               const std::string& sender) override {
    ++count;
    add(process);
    add(receiver);
    add(type);
    add(sender);
    auto now = time_->now().time_since_epoch().count();
    add({reinterpret_cast<const char*>(&now), sizeof now}); // NOLINT: its bytes
  }
  std::uint64_t hash = 0xcbf29ce484222325U;
  std::uint64_t count = 0;

private:
  void add(std::string_view bytes) {
    for (unsigned char c : bytes)
      hash = (hash ^ c) * 0x100000001b3U;
    hash = (hash ^ 0xff) * 0x100000001b3U; // so that "ab","c" is not "a","bc"
  }
  std::shared_ptr<virtual_time> time_;
};

} // namespace

struct simulation::impl {
  explicit impl(std::uint64_t seed) : order(seed ^ 0x5eed0f0de7e51ab1U) {
    config.set("scheduler.policy", caf::atom("testing"));
    system = std::make_unique<caf::actor_system>(config);
    system->await_actors_before_shutdown(false);
    scheduler = dynamic_cast<caf::scheduler::test_coordinator*>(&system->scheduler());
    invariant(scheduler != nullptr, "the simulation runs on CAF's test coordinator");
    time->timers = &scheduler->clock();
    time->origin = scheduler->clock().current_time;
    seen = std::make_unique<fingerprint>(time);
  }

  /// Handles the message at the head of a mailbox that the seed names. False: there is none, but
  /// perhaps those of paused processes.
  bool run_a_job() {
    auto& jobs = scheduler->jobs;
    if (jobs.empty())
      return false;
    if (!stopped.empty())
      return run_one_that_goes_on();
    if (jobs.size() > 1)
      std::swap(jobs.front(), jobs[order.below(jobs.size())]);
    return scheduler->try_run_once();
  }

  bool run_one_that_goes_on() {
    auto& jobs = scheduler->jobs;
    std::vector<std::size_t> going;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const auto* of = dynamic_cast<const actor_core*>(jobs[i]);
      if (!of || !stopped.contains(&of->process()))
        going.push_back(i);
    }
    if (going.empty())
      return false;
    std::swap(jobs.front(), jobs[going[order.below(going.size())]]);
    return scheduler->try_run_once();
  }

  std::optional<time_point> next_due() const {
    const auto& schedule = time->timers->schedule();
    std::optional<time_point> out;
    if (!schedule.empty())
      out = schedule.begin()->first;
    if (!events.empty() && (!out || events.begin()->first < *out))
      out = events.begin()->first;
    return out;
  }

  /// Moves the time to the earliest timer and lets it ring.
  void ring() {
    const auto& schedule = time->timers->schedule();
    if (events.empty() || (!schedule.empty() && schedule.begin()->first <= events.begin()->first)) {
      time->timers->trigger_timeout();
      return;
    }
    auto event = events.extract(events.begin());
    time->timers->current_time = std::max(time->timers->current_time, event.key());
    event.mapped()();
  }

  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler = nullptr;
  std::shared_ptr<virtual_time> time = std::make_shared<virtual_time>();
  std::unique_ptr<fingerprint> seen;
  random_source order;
  std::multimap<time_point, std::function<void()>> events;
  // Paused processes, with what happens to each when it goes on. Looked up only, never walked.
  std::map<const process*, std::vector<std::function<void()>>> stopped;
  std::vector<std::pair<process_ptr, std::shared_ptr<duration>>> processes; // with their skews
};

simulation::simulation(std::uint64_t seed)
    : seed_(seed), random_(seed), impl_(std::make_unique<impl>(seed)) {}

simulation::~simulation() {
  impl_->stopped.clear();
  for (auto& [process, skew] : impl_->processes)
    process->crash();
  impl_->events.clear();
  while (impl_->run_a_job()) {
  }
  impl_->time->timers->cancel_all();
  for (auto& [process, skew] : impl_->processes)
    process->inside().witness = nullptr;
}

caf::actor_system& simulation::system() { return *impl_->system; }

instant simulation::now() const { return impl_->time->now(); }

process_ptr simulation::add(process_options options, duration by) {
  if (options.seed == 0)
    options.seed = random_();
  auto skew = std::make_shared<duration>(by);
  auto process = process::make(*impl_->system, std::move(options),
                               std::make_unique<simulated_clock>(impl_->time, skew));
  process->inside().real_time = false;
  process->inside().witness = impl_->seen.get();
  impl_->processes.emplace_back(process, std::move(skew));
  return process;
}

void simulation::crash(const process_ptr& process) {
  impl_->stopped.erase(process.get());
  process->crash();
}

void simulation::pause(const process_ptr& process) { impl_->stopped[process.get()]; }

void simulation::resume(const process_ptr& process) {
  auto held = impl_->stopped.extract(process.get());
  if (held.empty())
    return;
  for (auto& what : held.mapped())
    what();
}

bool simulation::paused(const process& process) const { return impl_->stopped.contains(&process); }

void simulation::when_resumed(const process& process, std::function<void()> what) {
  impl_->stopped.at(&process).push_back(std::move(what));
}

void simulation::skew(const process_ptr& process, duration by) {
  for (auto& [known, skew] : impl_->processes)
    if (known == process)
      *skew = by;
}

void simulation::after(duration delay, std::function<void()> what) {
  impl_->events.emplace(impl_->time->timers->current_time + delay, std::move(what));
}

bool simulation::step() {
  if (impl_->run_a_job())
    return true;
  if (!impl_->next_due())
    return false;
  impl_->ring();
  return true;
}

std::size_t simulation::settle(std::size_t most) {
  std::size_t n = 0;
  while (n < most && impl_->run_a_job())
    ++n;
  return n;
}

void simulation::advance(duration by) {
  run_until([] { return false; }, by);
}

bool simulation::run_until(const std::function<bool()>& holds, duration within) {
  auto end = impl_->time->timers->current_time + within;
  while (!holds()) {
    if (impl_->run_a_job())
      continue;
    auto due = impl_->next_due();
    if (!due || *due > end) {
      impl_->time->timers->current_time = end;
      return holds();
    }
    impl_->ring();
  }
  return true;
}

void simulation::ask_raw(const caf::strong_actor_ptr& who, caf::message question, duration deadline,
                         const detail::response_callback& then) {
  // The answer may come after we have left: then nobody hears it.
  auto listening = std::make_shared<const detail::response_callback*>(&then);
  ask_outside(*impl_->system, who, std::move(question),
              [listening](caf::type_erased_tuple* content, failure why) {
                if (const auto* still = std::exchange(*listening, nullptr))
                  (*still)(content, std::move(why));
              });
  run_until([&] { return *listening == nullptr; }, deadline);
  *listening = nullptr;
}

std::uint64_t simulation::hash() const { return impl_->seen->hash; }

std::uint64_t simulation::handled() const { return impl_->seen->count; }

// -- pools ---------------------------------------------------------------------------------------

namespace {

struct pool_state {
  process_ptr process;
  std::size_t threads;
  std::size_t queue;
  job_times times;
  random_source random;
  std::size_t busy = 0;
  std::deque<std::function<void()>> waiting;
};

void begin_jobs(simulation& world, const std::shared_ptr<pool_state>& pool);

void end_job(simulation& world, const std::weak_ptr<pool_state>& weak,
             const std::function<void()>& job) {
  auto still = weak.lock();
  if (!still || !still->process->alive())
    return;
  if (world.paused(*still->process))
    return world.when_resumed(*still->process, [=, &world] { end_job(world, weak, job); });
  job();
  --still->busy;
  begin_jobs(world, still);
}

void begin_jobs(simulation& world, const std::shared_ptr<pool_state>& pool) {
  while (pool->busy < pool->threads && !pool->waiting.empty()) {
    ++pool->busy;
    auto job = std::move(pool->waiting.front());
    pool->waiting.pop_front();
    auto span = pool->times.most - pool->times.least;
    auto takes = pool->times.least
                 + duration{pool->random.below(static_cast<std::uint64_t>(span.count()) + 1)};
    std::weak_ptr<pool_state> weak = pool;
    world.after(takes, [&world, weak, job = std::move(job)] { end_job(world, weak, job); });
  }
}

class simulated_pool final : public blocking_pool {
public:
  simulated_pool(simulation& world, std::shared_ptr<pool_state> state)
      : world_(world), state_(std::move(state)) {}
  bool post(std::function<void()> job) override {
    if (state_->waiting.size() >= state_->queue)
      return false;
    state_->waiting.push_back(std::move(job));
    begin_jobs(world_, state_);
    return true;
  }

private:
  simulation& world_;
  std::shared_ptr<pool_state> state_;
};

} // namespace

std::unique_ptr<blocking_pool> simulation::make_pool(const process_ptr& process,
                                                     std::size_t threads, std::size_t queue,
                                                     job_times times) {
  return std::make_unique<simulated_pool>(
    *this, std::make_shared<pool_state>(pool_state{.process = process,
                                                   .threads = threads,
                                                   .queue = queue,
                                                   .times = times,
                                                   .random = process->random("pool")}));
}

} // namespace troupe::kernel
