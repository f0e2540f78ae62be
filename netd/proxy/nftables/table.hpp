// The driver of nftables mode: applies scripts by libnftables in this network namespace.
#pragma once

#include "netd/proxy/nftables/rules.hpp"
#include "netd/proxy/proxy.hpp"

#include <memory>

struct nft_ctx;

namespace troupe::netd {

/// Owns the table: made anew, with all that is wanted, by the first `apply` and by the first one
/// after a failure, so that whatever else was there is replaced in one transaction; removed by
/// `close` or at the end. UDP flows to endpoints that went are forgotten.
class nft_table final : public proxy {
public:
  static result<std::unique_ptr<nft_table>> open(nft_options options);
  ~nft_table() override;

  result<void> apply(const route_changes& changes) override;
  result<void> verify() override;
  result<void> close() override;

private:
  struct release {
    void operator()(nft_ctx* context) const;
  };
  using context = std::unique_ptr<nft_ctx, release>;
  nft_table(context c, nft_options options);
  result<void> run(const std::string& script);
  void put(const std::string& service, service_routes routes);
  result<void> forget_ended();

  context context_;
  nft_options options_;
  nft_elements wanted_;
  std::map<std::string, service_routes> routes_; // as put
  std::set<ended_way> ended_;                    // UDP: to be forgotten once the rules stand
  bool stands_ = false;                          // the kernel's table is as we believe
  bool ours_ = false;                            // there may be a table of ours
};

} // namespace troupe::netd
