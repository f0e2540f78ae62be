#include "actors/bench/scale.hpp"
#include "actors/bench/store_load.hpp"

namespace troupe::bench {
namespace {

constexpr std::size_t writers = 16; // beside the ranges
constexpr auto range_case = "range_10000";

struct store_case {
  std::string name;
  std::function<operation(store_target&)> on;
};

std::vector<store_case> cases() {
  using how = store_target::reading;
  return {
    {"write", writing},
    {"read_linearizable", [](store_target& at) { return reading(at, how::linearizable); }},
    {"read_any", [](store_target& at) { return reading(at, how::any); }},
    {"list_100", [](store_target& at) { return listing(at, 100); }},
  };
}

struct range_rows {
  std::vector<row> range;
  std::vector<row> alone;
  std::vector<row> beside;
};

/// Writers alone, then the same beside one client that reads all keys over and over.
result<void> measure_range(session& all, store_target& at, members& servers, patience& waiting,
                           range_rows& into) {
  auto with = all.loop_of_window(writers);
  OR_RETURN(auto alone, run_closed_loop(with, writing(at), waiting));
  OR_RETURN(auto both, run_side_by_side(with,
                                        {{.clients = writers, .what = writing(at)},
                                         {.clients = 1, .what = listing(at, key_space)}},
                                        waiting));
  CHECK_RETURN(servers.check_running());
  OR_RETURN(auto base, all.memory_row({}, servers));
  base.members.clear();
  auto take = [&](std::vector<row>& to, const char* name, std::size_t clients,
                  const loop_result& got) {
    auto r = base;
    r.name = name;
    r.clients = clients;
    note_loop(r, got);
    to.push_back(std::move(r));
  };
  take(into.range, range_case, 1, both[1]);
  take(into.alone, "write_alone", writers, alone);
  take(into.beside, "write_beside_range", writers, both[0]);
  return {};
}

result<void> measure_ranges(session& all, const options& with, patience& waiting,
                            std::vector<row>& into) {
  range_rows ours;
  range_rows theirs;
  for (std::uint32_t run = 0; run < with.runs; ++run) {
    CHECK_RETURN(measure_range(all, all.troupe(), all.troupe_servers(), waiting, ours));
    if (all.etcd())
      CHECK_RETURN(measure_range(all, *all.etcd(), *all.etcd_servers(), waiting, theirs));
  }
  all.take_medians(ours.range, theirs.range, into);
  all.take_medians(ours.alone, theirs.alone, into);
  all.take_medians(ours.beside, theirs.beside, into);
  return {};
}

} // namespace

std::vector<std::string> store_cases(std::uint32_t config_maps) {
  std::vector<std::string> out = {"memory_idle",
                                  "memory_" + std::to_string(config_maps) + "_configmaps"};
  for (const auto& c : cases())
    out.push_back(c.name);
  out.emplace_back(range_case);
  out.emplace_back(scale_case);
  return out;
}

result<std::vector<row>> run_store(const options& with) {
  patience waiting;
  OR_RETURN(auto all, session::open(with, waiting, "store"));
  std::vector<row> out;
  if (with.only == scale_case) {
    CHECK_RETURN(measure_scale(*all, with, waiting, out));
    return out;
  }
  CHECK_RETURN(all->measure_memory(out));
  bool filled = false;
  auto fill = [&]() -> result<void> {
    if (std::exchange(filled, true))
      return {};
    for (auto* at : {&all->troupe(), all->etcd()})
      if (at)
        CHECK_RETURN(all->fill(key_space, [at](std::size_t client, std::uint64_t n, finish to) {
          put_fresh(*at, client + n, key_of(n), value_bytes, std::move(to));
        }));
    return {};
  };
  for (const auto& c : cases()) {
    if (!all->wants(c.name))
      continue;
    CHECK_RETURN(fill());
    std::optional<workload> on_etcd;
    if (all->etcd())
      on_etcd = workload{c.name, c.on(*all->etcd())};
    CHECK_RETURN(all->measure({c.name, c.on(all->troupe())}, on_etcd, out));
  }
  if (all->wants(range_case)) {
    CHECK_RETURN(fill());
    CHECK_RETURN(measure_ranges(*all, with, waiting, out));
  }
  return out;
}

} // namespace troupe::bench
