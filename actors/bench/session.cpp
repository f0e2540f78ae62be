#include "actors/bench/session.hpp"

#include "actors/bench/usage.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <unistd.h>

namespace troupe::bench {
namespace {

constexpr duration start_within = 60s;
constexpr duration settle = 5s;             // after the start, before memory is called idle
constexpr duration warm_up_of_window = 10s; // at most; else a fifth of the window, 500 ms at least
constexpr std::uint32_t etcd_connections = 5; // to each member: 15 together
constexpr std::size_t fillers = 64;

double milliseconds(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

/// Asks until one question of each of so many turns was answered well.
result<void> all_answer(patience& waiting, members& servers, std::size_t turns,
                        const operation& question) {
  // 0: ask, 1: asked, 2: good
  auto good = std::make_shared<std::vector<std::atomic<int>>>(turns);
  result<void> running;
  CHECK_RETURN(waiting.until(
    [&] {
      running = servers.check_running();
      bool all = true;
      for (std::size_t i = 0; i < good->size(); ++i) {
        int open = 0;
        if ((*good)[i].compare_exchange_strong(open, 1))
          question(i, 0, [good, i](bool well) { (*good)[i] = well ? 2 : 0; });
        all = all && (*good)[i] == 2;
      }
      return all || !running;
    },
    start_within, "start " + servers.system));
  return running;
}

} // namespace

double cpu_of(const members& servers) {
  double out = 0;
  for (auto pid : servers.pids())
    out += cpu_seconds(pid).value_or(0);
  return out;
}

void note_loop(row& in, const loop_result& got) {
  in.ops_per_s = got.ops_per_s();
  in.p50_ms = milliseconds(got.took.quantile(0.5));
  in.p99_ms = milliseconds(got.took.quantile(0.99));
  in.max_ms = milliseconds(got.took.max());
  in.seconds = got.seconds;
  in.errors = got.errors;
}

session::session(const options& with, patience& waiting, std::string bench)
    : with_(with), waiting_(waiting), bench_(std::move(bench)) {}

result<std::unique_ptr<session>> session::open(const options& with, patience& waiting,
                                               std::string bench) {
  std::unique_ptr<session> out{new session{with, waiting, std::move(bench)}};
  CHECK_RETURN(out->start());
  return out;
}

void session::say(const std::string& what) const {
  if (with_.say)
    with_.say(what);
}

result<void> session::start() {
  OR_RETURN(auto made, scratch::make(with_.directory));
  directory_.emplace(std::move(made));
  auto dir = directory_->path().string();
  say("starting three masters" + std::string{with_.etcd ? " and three members of etcd" : ""}
      + " in " + dir);
  OR_RETURN(troupe_, start_troupe(with_.program, dir, with_.now()));
  OR_RETURN(troupe_store_, reach_store(troupe_->common));
  OR_RETURN(api_, api_target::reach(*troupe_));
  if (with_.etcd) {
    OR_RETURN(etcd_, start_etcd(dir, with_.now()));
    OR_RETURN(etcd_store_, reach_etcd(*etcd_, etcd_connections));
  }
  return wait_for_all();
}

result<void> session::wait_for_all() {
  CHECK_RETURN(wait_for_troupe());
  return wait_for_etcd();
}

result<void> session::wait_for_troupe() {
  CHECK_RETURN(all_answer(waiting_, troupe_->common, 3, [this](std::size_t c, auto, finish to) {
    api_->send(c, request_of("/readyz"), 200, std::move(to));
  }));
  return all_answer(waiting_, troupe_->common, 3, [this](std::size_t c, auto, finish to) {
    troupe_store_->put(c, "/bench/started-" + std::to_string(c), "yes", std::move(to));
  });
}

result<void> session::wait_for_etcd() {
  if (!etcd_)
    return {};
  return all_answer(waiting_, *etcd_, 3 * etcd_connections, [this](std::size_t c, auto, finish to) {
    etcd_store_->put(c, "/bench/started-" + std::to_string(c), "yes", std::move(to));
  });
}

result<void> session::fill(std::uint64_t count, const operation& what) {
  auto done = run_all(count, fillers, what, waiting_, 10min);
  if (!done && !api_->last_refusal().empty())
    return failure{.reason = done.error().reason,
                   .message = done.error().message + "; last refusal: " + api_->last_refusal()};
  return done;
}

result<void> session::create_namespace(const std::string& name) {
  auto body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + "\"}}";
  return fill(1, [&](std::size_t c, auto, finish to) {
    api_->send(c, request_of("/api/v1/namespaces", body), 201, std::move(to));
  });
}

result<void> session::note_memory(row& in, const members& servers) const {
  in.members.clear();
  in.rss_bytes = in.pss_bytes = 0;
  for (std::size_t i = 0; i < servers.all.size(); ++i) {
    OR_RETURN(auto used, memory_of(servers.processes[i].pid()));
    in.members.push_back(
      {.name = servers.all[i].name, .rss_bytes = used.rss_bytes, .pss_bytes = used.pss_bytes});
    in.rss_bytes += used.rss_bytes;
    in.pss_bytes += used.pss_bytes;
  }
  return {};
}

result<row> session::memory_row(const std::string& name, const members& servers) const {
  row out{.bench = bench_, .name = name, .clients = 0, .system = servers.system};
  CHECK_RETURN(note_memory(out, servers));
  return out;
}

result<void> session::measure_memory(std::vector<row>& into) {
  auto filled = "memory_" + std::to_string(with_.config_maps) + "_configmaps";
  auto measure_all = [&](const std::string& name) -> result<void> {
    OR_RETURN(auto ours, memory_row(name, troupe_->common));
    into.push_back(std::move(ours));
    if (!etcd_)
      return {};
    OR_RETURN(auto theirs, memory_row(name, *etcd_));
    into.push_back(std::move(theirs));
    return {};
  };
  if (wants("memory_idle")) {
    say("memory_idle");
    CHECK_RETURN(waiting_.rest(settle));
    CHECK_RETURN(measure_all("memory_idle"));
  }
  if (!wants(filled))
    return {};
  say(filled);
  CHECK_RETURN(create_namespace("bench-memory"));
  auto name_of = [](std::uint64_t n) { return "config-" + std::to_string(n); };
  CHECK_RETURN(fill(with_.config_maps, [&](std::size_t c, std::uint64_t n, finish to) {
    auto body = config_map("bench-memory", name_of(n), n);
    api_->send(c, request_of("/api/v1/namespaces/bench-memory/configmaps", std::move(body)), 201,
               std::move(to));
  }));
  if (etcd_)
    CHECK_RETURN(fill(with_.config_maps, [&](std::size_t c, std::uint64_t n, finish to) {
      etcd_store_->put(c, "/registry/configmaps/bench-memory/" + name_of(n),
                       config_map("bench-memory", name_of(n), n), std::move(to));
    }));
  CHECK_RETURN(waiting_.rest(settle));
  return measure_all(filled);
}

loop_options session::loop_of_window(std::size_t clients) const {
  return {.clients = clients,
          .warm_up = std::clamp<duration>(with_.window / 5, 100ms, warm_up_of_window),
          .window = with_.window};
}

result<row> session::once(const workload& of, members& servers, std::size_t clients) {
  double cpu = 0;
  double own = 0;
  OR_RETURN(auto got, run_closed_loop(loop_of_window(clients), of.what, waiting_, [&](bool ended) {
              auto sign = ended ? 1.0 : -1.0;
              cpu += sign * cpu_of(servers);
              own += sign * cpu_seconds(getpid()).value_or(0);
            }));
  CHECK_RETURN(servers.check_running());
  OR_RETURN(auto out, memory_row(of.name, servers));
  out.members.clear();
  out.clients = clients;
  note_loop(out, got);
  out.cpu_s = cpu;
  out.client_cpu_s = own;
  return out;
}

result<void> session::measure(const workload& on_troupe, const std::optional<workload>& on_etcd,
                              std::vector<row>& into) {
  for (auto clients : with_.clients) {
    std::vector<row> ours;
    std::vector<row> theirs;
    for (std::uint32_t run = 0; run < with_.runs; ++run) {
      OR_RETURN(auto a, once(on_troupe, troupe_->common, clients));
      ours.push_back(std::move(a));
      if (!on_etcd)
        continue;
      OR_RETURN(auto b, once(*on_etcd, *etcd_, clients));
      theirs.push_back(std::move(b));
    }
    take_medians(ours, theirs, into);
  }
  return {};
}

void session::take_medians(const std::vector<row>& ours, const std::vector<row>& theirs,
                           std::vector<row>& into) const {
  for (const auto* of : {&ours, &theirs}) {
    if (of->empty())
      continue;
    into.push_back(median_of(*of));
    const auto& r = into.back();
    std::ostringstream line;
    line << r.name << ", " << r.clients << " clients, " << r.system << ": " << std::fixed
         << std::setprecision(0) << r.ops_per_s << "/s, p99 " << std::setprecision(2) << r.p99_ms
         << " ms";
    if (r.errors != 0)
      line << ", " << r.errors << " errors";
    say(line.str());
  }
}

} // namespace troupe::bench
