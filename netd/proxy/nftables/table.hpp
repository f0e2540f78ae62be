// The driver of nftables mode: applies scripts by libnftables in this network namespace.
#pragma once

#include "netd/proxy/nftables/rules.hpp"

#include <memory>

struct nft_ctx;

namespace troupe::netd {

/// Owns the table: made empty by `open`, changed by `show`, removed by `close` or at the end.
/// One thread at a time.
class nft_table {
public:
  static result<nft_table> open(nft_options options);
  nft_table(nft_table&&) noexcept;
  nft_table& operator=(nft_table&&) noexcept;
  ~nft_table();

  /// Makes the kernel serve exactly `wanted`, changing only what differs, in one transaction: on
  /// failure the kernel keeps what it had.
  result<void> show(const ruleset& wanted);
  const ruleset& shown() const { return shown_; }
  result<void> close();

private:
  struct release {
    void operator()(nft_ctx* context) const;
  };
  using context = std::unique_ptr<nft_ctx, release>;
  nft_table(context c, nft_options options);
  result<void> run(const std::string& script);

  context context_;
  nft_options options_;
  ruleset shown_;
};

} // namespace troupe::netd
