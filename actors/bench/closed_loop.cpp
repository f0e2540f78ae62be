#include "actors/bench/closed_loop.hpp"

#include <algorithm>
#include <memory>

namespace troupe::bench {
namespace {

using clock = std::chrono::steady_clock;

constexpr duration rest_after_failure = 10ms;
constexpr duration longest_operation = 30s;
constexpr std::size_t most_failures = 100; // of 10,000 operations and fewer; else one in 100

/// The clients of one load. A client's state is touched by one operation at a time. Lives until the
/// last operation has come back, however the run ended.
class loop : public std::enable_shared_from_this<loop> {
public:
  loop(load with, clock::time_point from, clock::time_point to)
      : what_(std::move(with.what)), clients_(with.clients), from_(from), to_(to) {
    for (std::size_t i = 0; i < clients_.size(); ++i)
      clients_[i] = std::make_unique<client>(client{.of = this, .number = i});
  }

  void start() {
    for (auto& c : clients_)
      c->under_way = shared_from_this();
    for (auto& c : clients_)
      issue(*c);
  }
  /// Nothing more is begun.
  void stop() { stopped_ = true; }
  /// Clients whose operation failed go on.
  void wake() {
    std::vector<client*> those;
    {
      std::lock_guard lock{mutex_};
      those.swap(resting_);
    }
    for (auto* c : those)
      issue(*c);
  }
  bool ended() const { return ended_ == clients_.size(); }
  loop_result counted() const {
    loop_result out;
    for (const auto& c : clients_) {
      out.took.add(c->took);
      out.errors += c->errors;
    }
    out.seconds = std::chrono::duration<double>(to_ - from_).count();
    return out;
  }

private:
  struct client {
    loop* of = nullptr;
    std::size_t number = 0;
    std::uint64_t next = 0;
    clock::time_point started{};
    histogram took{};
    std::uint64_t errors = 0;
    std::shared_ptr<loop> under_way{};
  };

  void issue(client& c) {
    c.started = clock::now();
    if (stopped_ || c.started >= to_) {
      auto keep = std::move(c.under_way);
      ++ended_;
      return;
    }
    what_(c.number, c.next++, [&c](bool good) { c.of->done(c, good); });
  }

  void done(client& c, bool good) {
    auto now = clock::now();
    bool counts = c.started >= from_ && now < to_;
    if (good) {
      if (counts)
        c.took.add(now - c.started);
      return issue(c);
    }
    if (now >= from_)
      ++c.errors;
    if (stopped_)
      return issue(c); // ends it
    std::lock_guard lock{mutex_};
    resting_.push_back(&c);
  }

  const operation what_;
  std::vector<std::unique_ptr<client>> clients_;
  clock::time_point from_;
  clock::time_point to_;
  std::atomic<std::size_t> ended_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<client*> resting_;
};

/// Numbers to do, each once.
class errand : public std::enable_shared_from_this<errand> {
public:
  errand(std::uint64_t count, operation what) : what_(std::move(what)), count_(count) {}

  void go_on(std::size_t client) {
    if (auto n = next_++; n < count_ && !stopped_)
      issue(client, n);
  }
  /// Tries again what failed. False: too much did.
  bool wake() {
    std::vector<std::pair<std::size_t, std::uint64_t>> again;
    {
      std::lock_guard lock{mutex_};
      again.swap(failed_);
    }
    failures_ += again.size();
    if (failures_ > allowed())
      return false;
    for (auto [client, n] : again)
      issue(client, n);
    return true;
  }
  void stop() { stopped_ = true; }
  bool done() const { return done_ == count_; }
  std::uint64_t allowed() const { return std::max<std::uint64_t>(most_failures, count_ / 100); }

private:
  void issue(std::size_t client, std::uint64_t n) {
    what_(client, n, [me = shared_from_this(), client, n](bool good) {
      if (good) {
        me->go_on(client);
        ++me->done_;
        return;
      }
      std::lock_guard lock{me->mutex_};
      me->failed_.emplace_back(client, n);
    });
  }

  const operation what_;
  const std::uint64_t count_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<std::pair<std::size_t, std::uint64_t>> failed_; // client, number
  std::size_t failures_ = 0;
};

} // namespace

result<std::vector<loop_result>> run_side_by_side(const loop_options& with,
                                                  const std::vector<load>& loads, patience& waiting,
                                                  const at_edge& edge) {
  auto from = clock::now() + with.warm_up;
  auto to = from + with.window;
  std::vector<std::shared_ptr<loop>> all;
  for (const auto& l : loads)
    all.push_back(std::make_shared<loop>(l, from, to));
  auto each = [&](void (loop::*what)()) {
    for (auto& l : all)
      ((*l).*what)();
  };
  auto pass = [&](clock::time_point until) -> result<void> {
    while (clock::now() < until) {
      auto left = std::chrono::duration_cast<duration>(until - clock::now());
      CHECK_RETURN(waiting.rest(std::clamp<duration>(left, 0ns, rest_after_failure)));
      each(&loop::wake);
    }
    return {};
  };
  each(&loop::start);
  auto outcome = pass(from);
  if (outcome && edge)
    edge(false);
  if (outcome)
    outcome = pass(to);
  if (outcome && edge)
    edge(true);
  auto all_done = waiting.until(
    [&] {
      each(&loop::wake);
      return std::all_of(all.begin(), all.end(), [](const auto& l) { return l->ended(); });
    },
    longest_operation, "wait for the last operations");
  each(&loop::stop);
  each(&loop::wake);
  CHECK_RETURN(std::move(outcome));
  CHECK_RETURN(std::move(all_done));
  std::vector<loop_result> out;
  for (const auto& l : all)
    out.push_back(l->counted());
  return out;
}

result<loop_result> run_closed_loop(const loop_options& with, const operation& what,
                                    patience& waiting, const at_edge& edge) {
  OR_RETURN(auto out,
            run_side_by_side(with, {{.clients = with.clients, .what = what}}, waiting, edge));
  return std::move(out.front());
}

result<void> run_all(std::uint64_t count, std::size_t clients, const operation& what,
                     patience& waiting, duration limit) {
  auto all = std::make_shared<errand>(count, what);
  for (std::size_t c = 0; c < clients; ++c)
    all->go_on(c);
  bool good = true;
  auto outcome = waiting.until(
    [&] {
      good = all->wake();
      return !good || all->done();
    },
    limit, "fill the store");
  all->stop();
  if (outcome && !good)
    return failure{.reason = reason::unavailable,
                   .message = "fill the store: more than " + std::to_string(all->allowed())
                              + " operations failed"};
  return outcome;
}

} // namespace troupe::bench
