#include "actors/bench/scale.hpp"

#include "actors/bench/usage.hpp"

#include <algorithm>
#include <cstdio>

namespace troupe::bench {
namespace {

constexpr std::size_t value_bytes = 1024;
constexpr std::size_t fillers = 64;
constexpr duration fill_within = 1h;
constexpr duration settle = 5s;
constexpr duration serve_within = 5min;
constexpr std::size_t restarted = 2; // the third member
constexpr int restarts = 3;

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point from) {
  return std::chrono::duration<double>(clock::now() - from).count();
}

std::string key_of(std::uint64_t n) {
  char digits[20];
  std::snprintf(digits, sizeof digits, "%016llu", static_cast<unsigned long long>(n));
  return "/bench/big/" + std::string{digits};
}

/// One system, and how its members say that they serve.
struct subject {
  store_target* at = nullptr;
  members* servers = nullptr;
  pki::credential who;
  const char* serving = nullptr; // GET this: 200 says that a linearizable read works
  std::uint64_t filled = 0;
};

/// From the start of the process to the first good answer.
result<double> restart_one(subject& of, patience& waiting) {
  OR_RETURN(auto tls, pki::tls_context::client({.certificate_pem = of.who.cert.to_pem(),
                                                .key_pem = of.who.secret.private_pem(),
                                                .ca_pem = of.servers->ca_pem,
                                                .check = pki::peer_check::required}));
  http::client door{{.host = "127.0.0.1", .port = of.servers->all.at(restarted).client_port}, tls};
  OR_RETURN(auto from, of.servers->restart(restarted));
  CHECK_RETURN(waiting.until(
    [&] {
      auto answer = door.ask(request_of(of.serving), 1s);
      return answer && answer->code == 200;
    },
    serve_within, "restart " + of.servers->all.at(restarted).name));
  return seconds_since(from);
}

result<row> measure_one(session& all, subject& of, std::uint64_t keys, patience& waiting) {
  auto from = clock::now();
  auto first = of.filled;
  CHECK_RETURN(run_all(
    keys - first, fillers,
    [&](std::size_t client, std::uint64_t n, finish to) {
      of.at->put(client + n, key_of(first + n), incompressible(value_bytes, first + n),
                 std::move(to));
    },
    waiting, fill_within));
  of.filled = keys;
  auto fill_s = seconds_since(from);
  CHECK_RETURN(waiting.rest(settle));
  OR_RETURN(auto out, all.memory_row("scale_" + std::to_string(keys), *of.servers));
  std::vector<double> took;
  for (int i = 0; i < restarts; ++i) {
    OR_RETURN(auto s, restart_one(of, waiting));
    took.push_back(s);
    CHECK_RETURN(all.wait_for_all());
  }
  std::sort(took.begin(), took.end());
  CHECK_RETURN(waiting.rest(settle));
  OR_RETURN(auto after, memory_of(of.servers->processes.at(restarted).pid()));
  out.more = {{"keys", static_cast<double>(keys)},
              {"fill_s", fill_s},
              {"restart_s", took[took.size() / 2]},
              {"restart_max_s", took.back()},
              {"restarted_pss_mib", static_cast<double>(after.pss_bytes) / (1 << 20)}};
  char line[120];
  std::snprintf(line, sizeof line, "%s, %s: %.1f MiB per member, restart %.2f s", out.name.c_str(),
                out.system.c_str(), static_cast<double>(out.pss_bytes) / 3 / (1 << 20),
                took[took.size() / 2]);
  all.say(line);
  return out;
}

} // namespace

result<void> measure_scale(session& all, const options& with, patience& waiting,
                           std::vector<row>& into) {
  std::vector<subject> those;
  those.push_back({.at = &all.troupe(),
                   .servers = &all.troupe_servers(),
                   .who = all.admin(),
                   .serving = "/api/v1/namespaces/default"});
  if (all.etcd())
    those.push_back({.at = all.etcd(),
                     .servers = all.etcd_servers(),
                     .who = all.etcd_servers()->client,
                     .serving = "/health"}); // reads through its log
  for (auto keys : with.keys)
    for (auto& each : those) {
      if (keys < each.filled)
        return failure{.reason = reason::bad_request,
                       .message = "measure scale: the numbers of keys must ascend"};
      OR_RETURN(auto r, measure_one(all, each, keys, waiting));
      into.push_back(std::move(r));
    }
  return {};
}

} // namespace troupe::bench
