#include "actors/bench/session.hpp"
#include "actors/bench/tally.hpp"
#include "actors/bench/usage.hpp"

#include <algorithm>
#include <unistd.h>

namespace troupe::bench {
namespace {

constexpr auto prefix = "/bench/watch/";
constexpr std::uint64_t key_space = 1000;
constexpr std::size_t value_bytes = 128;
constexpr std::size_t watchers_per_stream = 100; // at most
constexpr duration start_within = 60s;
constexpr duration arrive_within = 30s;     // after the last write
constexpr std::uint64_t most_open = 10'000; // writes under way: then the writer waits

duration steady() { return std::chrono::steady_clock::now().time_since_epoch(); }

double milliseconds(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

/// Writes at an even pace, in turn through all members; what has come back.
struct writes {
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> good{0};
  std::atomic<std::uint64_t> bad{0};
  std::mutex mutex;
  histogram took;
  std::uint64_t open() const { return begun.load() - good.load() - bad.load(); }
};

void write_one(store_target& at, const std::shared_ptr<writes>& all) {
  auto n = all->begun++;
  auto now = steady();
  at.put(n, prefix + std::to_string(n % key_space), stamped(now, value_bytes),
         [all, now](bool good) {
           {
             std::lock_guard lock{all->mutex};
             all->took.add(steady() - now);
           }
           ++(good ? all->good : all->bad);
         });
}

result<void> write_until(store_target& at, const std::shared_ptr<writes>& all, double per_second,
                         duration end, patience& waiting) {
  auto step = duration{static_cast<duration::rep>(1e9 / per_second)};
  for (auto due = steady(); due < end; due += step) {
    if (auto now = steady(); now < due)
      CHECK_RETURN(waiting.rest(due - now));
    if (all->open() >= most_open)
      CHECK_RETURN(
        waiting.until([&] { return all->open() < most_open; }, 30s, "wait for open writes"));
    write_one(at, all);
  }
  return {};
}

result<void> begin_watchers(store_target& at, std::size_t count, const std::shared_ptr<tally>& to,
                            patience& waiting) {
  constexpr std::size_t members = 3;
  auto streams = std::max(members, (count + watchers_per_stream - 1) / watchers_per_stream);
  auto left = std::make_shared<std::atomic<std::size_t>>(0);
  auto good = std::make_shared<std::atomic<bool>>(true);
  for (std::size_t i = 0, first = 0; i < streams; ++i) {
    auto share = (count - first) / (streams - i);
    if (share == 0)
      continue;
    ++*left;
    at.watch(i, {.prefix = prefix, .first = first, .count = share, .to = to},
             [left, good](bool well) {
               if (!well)
                 *good = false;
               --*left;
             });
    first += share;
  }
  CHECK_RETURN(waiting.until([&] { return *left == 0; }, start_within, "begin the watchers"));
  if (!*good)
    return failure{.reason = reason::unavailable, .message = "begin the watchers: refused"};
  return {};
}

struct fan_out {
  session& of;
  const options& with;
  patience& waiting;
  std::size_t watchers;

  result<row> once(store_target& at, members& servers);
  result<void> run(store_target& at, const std::shared_ptr<tally>& seen,
                   const std::shared_ptr<writes>& all, members& servers, row& out);
};

result<void> fan_out::run(store_target& at, const std::shared_ptr<tally>& seen,
                          const std::shared_ptr<writes>& all, members& servers, row& out) {
  CHECK_RETURN(begin_watchers(at, watchers, seen, waiting));
  CHECK_RETURN(write_until(at, all, with.rate, steady() + 1s, waiting)); // warm-up
  auto from = steady();
  auto to = from + with.window;
  seen->time(from, to);
  auto cpu = cpu_of(servers);
  auto own = cpu_seconds(getpid()).value_or(0);
  auto written = all->good.load();
  auto before = seen->now().delivered;
  CHECK_RETURN(write_until(at, all, with.rate, to, waiting));
  out.seconds = std::chrono::duration<double>(steady() - from).count();
  out.cpu_s = cpu_of(servers) - cpu;
  out.client_cpu_s = cpu_seconds(getpid()).value_or(0) - own;
  out.ops_per_s = static_cast<double>(seen->now().delivered - before) / out.seconds;
  out.more.emplace_back("writes_per_s",
                        static_cast<double>(all->good.load() - written) / out.seconds);
  (void)waiting.until(
    [&] {
      auto now = seen->now();
      return !now.ended.empty() || (all->open() == 0 && now.least >= all->good);
    },
    arrive_within, "wait for the last changes"); // what is missing is counted
  return waiting.rest(0ns);
}

result<row> fan_out::once(store_target& at, members& servers) {
  auto seen = std::make_shared<tally>(watchers, steady);
  auto all = std::make_shared<writes>();
  row out{.bench = "watch", .name = "fan_out", .clients = watchers, .system = servers.system};
  auto done = run(at, seen, all, servers, out);
  at.unwatch();
  CHECK_RETURN(std::move(done));
  CHECK_RETURN(servers.check_running());
  auto now = seen->now();
  if (!now.ended.empty())
    of.say("a watch of " + servers.system + " ended: " + now.ended);
  auto wanted = all->good.load() * watchers;
  auto lost = wanted > now.delivered ? wanted - now.delivered : 0;
  out.p50_ms = milliseconds(now.took.quantile(0.5));
  out.p99_ms = milliseconds(now.took.quantile(0.99));
  out.max_ms = milliseconds(now.took.max());
  out.errors = lost + now.disorder + all->bad.load();
  {
    std::lock_guard lock{all->mutex};
    out.more.emplace_back("write_p99_ms", milliseconds(all->took.quantile(0.99)));
  }
  out.more.emplace_back("lost", static_cast<double>(lost));
  CHECK_RETURN(of.note_memory(out, servers));
  return out;
}

} // namespace

std::vector<std::string> watch_cases() { return {"fan_out"}; }

result<std::vector<row>> run_watch(const options& with) {
  patience waiting;
  OR_RETURN(auto all, session::open(with, waiting, "watch"));
  std::vector<row> out;
  for (auto watchers : with.clients) {
    fan_out bench{.of = *all, .with = with, .waiting = waiting, .watchers = watchers};
    std::vector<row> ours;
    std::vector<row> theirs;
    for (std::uint32_t run = 0; run < with.runs; ++run) {
      OR_RETURN(auto a, bench.once(all->troupe(), all->troupe_servers()));
      ours.push_back(std::move(a));
      if (!all->etcd())
        continue;
      OR_RETURN(auto b, bench.once(*all->etcd(), *all->etcd_servers()));
      theirs.push_back(std::move(b));
    }
    all->take_medians(ours, theirs, out);
  }
  return out;
}

} // namespace troupe::bench
