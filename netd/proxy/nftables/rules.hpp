// Service routes as nftables: flat maps, no chain per service, so that a change costs its own size.
//
// A packet to a cluster IP or node port is looked up once (verdict map), goes to the chain of its
// endpoint *count*, which draws a number below the count and looks the endpoint up in that count's
// map.
#pragma once

#include "netd/model/routes.hpp"

#include <map>
#include <set>
#include <string>

namespace troupe::netd {

struct nft_options {
  std::string table = "troupe";
  std::string cluster_cidr; // pods of the whole cluster: "10.244.0.0/16"
  std::string service_cidr; // "10.96.0.0/12"
  std::vector<std::string>
    no_masquerade; // destinations that pods reach with their own address, beside cluster_cidr
};

/// The elements of every map and set by name.
struct ruleset {
  std::map<std::string, std::map<std::string, std::string>>
    elements;                   // name -> key -> value ("" in a set)
  std::set<std::size_t> counts; // endpoint counts that need a chain and maps
  bool operator==(const ruleset&) const = default;
};

ruleset rules(const std::vector<service_route>& routes);

/// The elements of all Services together, and how they differ from what the kernel has. Pure.
///
/// Several Services may want one element (a shared endpoint's hairpin; for a moment also an address
/// that changes hands): it stays as long as one does, with the value of the first by name.
class nft_elements {
public:
  /// From now on these are the Service's routes.
  void put(const std::string& service, const std::vector<service_route>& routes);
  std::set<std::string> services() const;

  /// What turns the kernel's state into this one, in one transaction; empty when nothing differs.
  /// Chains and maps of counts that are no longer used stay.
  std::string change_script(const nft_options& o) const;
  /// The kernel has it.
  void applied();
  /// The kernel has an empty table: everything differs.
  void lost();

private:
  struct element {
    std::map<std::string, std::string> wanted; // Service -> value
    std::optional<std::string> shown;          // in the kernel
  };
  using position = std::pair<std::string, std::string>; // map or set, key
  std::map<std::string, ruleset> services_;
  std::map<position, element> elements_;
  std::set<position> touched_;
  std::set<std::size_t> counts_;       // wanted
  std::set<std::size_t> shown_counts_; // in the kernel
};

/// Makes the empty table anew, in one transaction.
std::string base_script(const nft_options& o);

} // namespace troupe::netd
