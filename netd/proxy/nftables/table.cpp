#include "netd/proxy/nftables/table.hpp"

#include <nftables/libnftables.h>
#include <utility>

namespace troupe::netd {

void nft_table::release::operator()(nft_ctx* context) const { nft_ctx_free(context); }

nft_table::nft_table(context c, nft_options options)
    : context_(std::move(c)), options_(std::move(options)) {}
nft_table::nft_table(nft_table&&) noexcept = default;
nft_table& nft_table::operator=(nft_table&&) noexcept = default;

nft_table::~nft_table() {
  if (context_)
    (void)run("delete table ip " + options_.table + "\n").has_value();
}

result<nft_table> nft_table::open(nft_options options) {
  context made{nft_ctx_new(NFT_CTX_DEFAULT)};
  if (!made)
    return failure{.message = "open nftables: out of memory"};
  nft_ctx_buffer_output(made.get());
  nft_ctx_buffer_error(made.get());
  nft_table table{std::move(made), std::move(options)};
  CHECK_RETURN(table.run(base_script(table.options_)));
  return table;
}

result<void> nft_table::run(const std::string& script) {
  if (nft_run_cmd_from_buffer(context_.get(), script.c_str()) == 0) {
    nft_ctx_get_output_buffer(context_.get());
    return {};
  }
  const char* why = nft_ctx_get_error_buffer(context_.get());
  return failure{.message = "apply the nftables rules of table " + options_.table + ": "
                            + (why ? why : "unknown")};
}

result<void> nft_table::show(const ruleset& wanted) {
  auto script = change_script(options_, shown_, wanted);
  if (script.empty())
    return {};
  CHECK_RETURN(run(script));
  auto counts = std::move(shown_.counts); // their chains stay
  shown_ = wanted;
  shown_.counts.merge(counts);
  return {};
}

result<void> nft_table::close() {
  auto done = run("delete table ip " + options_.table + "\n");
  context_.reset();
  return done;
}

} // namespace troupe::netd
