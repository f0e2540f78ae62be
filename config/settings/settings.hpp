// Reading settings: what is given, file, then environment, then --set, in one place, with unknown
// keys refused.
//
//   OR_RETURN(auto settings, settings::load<settings::master>({.file = path, .sets =
//   {"dataDir=/var/lib/troupe"}}));
#pragma once

#include "config/base/result.hpp"
#include "config/settings/master.hpp"
#include "config/settings/node.hpp"
#include "config/settings/up.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::settings {

/// Where values come from; later ones win: given, file, environment, sets.
struct sources {
  std::string given{}; // YAML: what the program proposes, what a cluster hands to who joins it
  std::string file;    // YAML; empty: none
  std::map<std::string, std::string>
    environment;                 // TROUPE_NODE_MONITOR_PERIOD=5s; others are ignored
  std::vector<std::string> sets; // "KEY=VALUE" with the keys of the file
};

/// The process's environment, as far as it starts with TROUPE_.
std::map<std::string, std::string> environment();

/// Reads and checks. T: master, node or up. Failures are `invalid` with one cause per key.
template <class T> result<T> load(const sources& from);
/// The same from the text of a file.
template <class T> result<T> parse(const std::string& yaml);

/// Every key with its value as YAML that load() reads back, each with its comment.
template <class T> std::string dump(const T& what);
/// What all masters, or all nodes, of a cluster have to agree on, as YAML: handed to who joins.
std::string shared_with_masters(const master& what);
std::string shared_with_nodes(const master& what);
/// One key's value as text. Fails on an unknown key.
template <class T> result<void> set(T& what, std::string_view key, std::string_view value);

/// What the types cannot say: ranges, relations, addresses.
result<void> check(const master& what);
result<void> check(const node& what);
result<void> check(const up& what);

} // namespace troupe::settings
