#include "netd/proxy/nftables/table.hpp"

#include "netd/host/conntrack.hpp"

#include <nftables/libnftables.h>
#include <utility>

namespace troupe::netd {

void nft_table::release::operator()(nft_ctx* context) const { nft_ctx_free(context); }

nft_table::nft_table(context c, nft_options options)
    : context_(std::move(c)), options_(std::move(options)) {}

nft_table::~nft_table() { (void)close().has_value(); }

result<std::unique_ptr<nft_table>> nft_table::open(nft_options options) {
  context made{nft_ctx_new(NFT_CTX_DEFAULT)};
  if (!made)
    return failure{.message = "open nftables: out of memory"};
  nft_ctx_buffer_output(made.get());
  nft_ctx_buffer_error(made.get());
  return std::unique_ptr<nft_table>{new nft_table{std::move(made), std::move(options)}};
}

result<void> nft_table::run(const std::string& script) {
  int rc = nft_run_cmd_from_buffer(context_.get(), script.c_str());
  nft_ctx_get_output_buffer(context_.get()); // reading empties it
  const char* why = nft_ctx_get_error_buffer(context_.get());
  if (rc == 0)
    return {};
  return failure{.message = "apply the nftables rules of table " + options_.table + ": "
                            + (why ? why : "unknown")};
}

void nft_table::put(const std::string& service, service_routes routes) {
  static const std::vector<service_route> none;
  auto before = routes_.find(service);
  ended_.merge(ended_ways(before == routes_.end() ? none : *before->second, *routes));
  wanted_.put(service, *routes);
  if (routes->empty())
    routes_.erase(service);
  else
    routes_[service] = std::move(routes);
}

result<void> nft_table::apply(const route_changes& changes) {
  if (changes.whole)
    for (const auto& service : wanted_.services())
      if (!changes.services.contains(service))
        put(service, std::make_shared<const std::vector<service_route>>());
  for (const auto& [service, routes] : changes.services)
    put(service, routes);
  if (!stands_)
    wanted_.lost();
  auto script = (stands_ ? std::string{} : base_script(options_)) + wanted_.change_script(options_);
  if (!script.empty()) {
    ours_ = true;
    auto done = run(script);
    stands_ = done.has_value();
    CHECK_RETURN(done);
  }
  wanted_.applied();
  return forget_ended();
}

result<void> nft_table::forget_ended() {
  if (ended_.empty())
    return {};
  auto ended = [this](const host::udp_flow& flow) {
    ended_way way{.cluster_ip = flow.destination,
                  .port = flow.port,
                  .to = {.ip = flow.answerer, .port = flow.answer_port}};
    if (ended_.contains(way))
      return true;
    way.cluster_ip.clear();
    return ended_.contains(way);
  };
  CHECK_RETURN(host::forget_udp(ended));
  ended_.clear();
  return {};
}

result<void> nft_table::verify() {
  if (!stands_)
    return {};
  auto there = run("list chain ip " + options_.table + " prerouting\n");
  stands_ = there.has_value();
  return there;
}

result<void> nft_table::close() {
  stands_ = false;
  if (!ours_)
    return {};
  auto table = "table ip " + options_.table + "\n"; // add and delete: its absence is no failure
  CHECK_RETURN(run("add " + table + "delete " + table));
  ours_ = false;
  return {};
}

} // namespace troupe::netd
