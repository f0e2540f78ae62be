// trace: the messages of all processes, gathered and shown.
#include "actors/main/commands/cluster.hpp"
#include "actors/main/commands/trace_view.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <poll.h>

namespace troupe::program {
namespace {

using nlohmann::json;

constexpr int follow_every_ms = 200;
constexpr std::size_t full_page = 5000; // events; a page has at most 10,000

/// Reads on from where each process was left; `positions` moves.
trace_events gather(cluster_client& cluster, std::map<std::string, std::uint64_t>& positions) {
  trace_events out;
  for (const auto& p : cluster.state().processes) {
    if (p.kind == "balancer" || p.pid == 0)
      continue;
    while (true) {
      auto page = cluster.get(p, "/troupe/trace?after=" + std::to_string(positions[p.name]), 10s);
      if (!page) {
        std::cerr << "troupe: trace of " << p.name << ": " << page.error().message << std::endl;
        break;
      }
      for (auto& e : page->at("events"))
        out.push_back(std::move(e));
      positions[p.name] = page->value("next", std::uint64_t{0});
      if (page->at("events").size() < full_page) // asking makes messages of its own: never to the very end
        break;
    }
  }
  return out;
}

void print(const trace_events& chain, const std::string& format) {
  if (format == "json")
    std::cout << json(chain).dump(2) << std::endl;
  else if (format == "otlp")
    std::cout << as_otlp(chain).dump(2) << std::endl;
  else if (format == "mermaid")
    std::cout << as_mermaid(chain) << std::flush;
  else
    std::cout << as_text(chain) << std::flush;
}

} // namespace

result<int> trace_command(const common_options& common, const trace_options& o) {
  if (!o.object.empty() && o.object.find('/') == std::string::npos)
    return failure{.reason = reason::bad_request,
                   .message =
                     "trace '" + o.object + "': name it as KIND/NAME, for example deployment/web"};
  OR_RETURN(auto cluster, cluster_client::open(common));
  std::map<std::string, std::uint64_t> positions;
  auto all = gather(cluster, positions);
  print(causal_chain(all, o.object), o.format);
  while (o.follow) {
    poll(nullptr, 0, follow_every_ms);
    print(causal_chain(gather(cluster, positions), o.object), o.format);
  }
  return 0;
}

} // namespace troupe::program
