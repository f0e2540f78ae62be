// status and kill: what runs, and its end.
#include "actors/main/commands/cluster.hpp"
#include "actors/main/up/control.hpp"

#include <nlohmann/json.hpp>

#include <iomanip>
#include <iostream>
#include <set>

namespace troupe::program {
namespace {

using nlohmann::json;

json master_row(const up::process_state& p, const result<json>& told) {
  json row = {{"name", p.name}, {"pid", p.pid},   {"address", p.address}, {"role", "follower"},
              {"ready", false}, {"rss_bytes", 0}, {"pss_bytes", 0},       {"restarts", p.restarts}};
  if (!told)
    return row;
  row["ready"] = told->value("leader", "") != "";
  for (const char* key : {"role", "pid", "rss_bytes", "pss_bytes", "store"})
    if (told->contains(key))
      row[key] = told->at(key);
  return row;
}

json node_row(const up::process_state& p, const result<json>& told,
              const std::set<std::string>& ready) {
  json row = {
    {"name", p.name}, {"pid", p.pid},   {"address", p.address},  {"ready", ready.contains(p.name)},
    {"rss_bytes", 0}, {"pss_bytes", 0}, {"restarts", p.restarts}};
  if (told)
    for (const char* key : {"pid", "rss_bytes", "pss_bytes"})
      if (told->contains(key))
        row[key] = told->at(key);
  return row;
}

std::set<std::string> ready_nodes(cluster_client& cluster) {
  std::set<std::string> out;
  auto nodes = cluster.api("/api/v1/nodes");
  if (!nodes)
    return out;
  for (const auto& n : nodes->value("items", json::array()))
    for (const auto& c : n.value(json::json_pointer("/status/conditions"), json::array()))
      if (c.value("type", "") == "Ready" && c.value("status", "") == "True")
        out.insert(n.at("metadata").value("name", ""));
  return out;
}

json gather(cluster_client& cluster) {
  json out = {{"leader", ""},
              {"term", 0},
              {"masters", json::array()},
              {"nodes", json::array()},
              {"actors", json::array()},
              {"balancers", json::array()}};
  auto ready = ready_nodes(cluster);
  for (const auto& p : cluster.state().processes) {
    if (p.kind == "balancer") {
      out["balancers"].push_back({{"name", p.name},
                                  {"pid", p.pid},
                                  {"address", p.address + ":" + std::to_string(p.port)},
                                  {"restarts", p.restarts}});
      continue;
    }
    result<json> told = failure{.reason = reason::unavailable, .message = "it does not run"};
    if (p.pid != 0)
      told = cluster.get(p, "/troupe/status");
    if (p.kind == "master") {
      out["masters"].push_back(master_row(p, told));
      if (told && told->value("term", std::uint64_t{0}) >= out["term"].get<std::uint64_t>()
          && told->value("leader", "") != "") {
        out["term"] = told->at("term");
        out["leader"] = told->at("leader");
      }
    } else {
      out["nodes"].push_back(node_row(p, told, ready));
    }
    if (told)
      for (const auto& a : told->value("actors", json::array()))
        out["actors"].push_back(a);
  }
  return out;
}

std::string mebibytes(const json& row) {
  return std::to_string(row.value("pss_bytes", std::uint64_t{0}) >> 20) + " MiB";
}

void print(const json& all) {
  std::cout << "leader " << all.value("leader", "") << ", term " << all.at("term") << "\n\n";
  std::cout << std::left << std::setw(12) << "NAME" << std::setw(10) << "ROLE" << std::setw(7)
            << "READY" << std::setw(16) << "ADDRESS" << std::setw(9) << "PID" << std::setw(10)
            << "RESTARTS"
            << "MEMORY (PSS)\n";
  std::string alarms;
  auto line = [](const json& row, const std::string& role) {
    std::cout << std::setw(12) << row.value("name", "") << std::setw(10) << role << std::setw(7)
              << (row.value("ready", false) ? "yes" : "no") << std::setw(16)
              << row.value("address", "") << std::setw(9) << row.value("pid", 0) << std::setw(10)
              << row.value("restarts", 0) << mebibytes(row) << "\n";
  };
  for (const auto& m : all.at("masters"))
    line(m, m.value("role", ""));
  for (const auto& m : all.at("masters"))
    if (auto why = m.value(json::json_pointer("/store/why"), ""); !why.empty())
      alarms += "ALARM " + m.value("name", "") + ": " + why + "\n";
  for (const auto& n : all.at("nodes"))
    line(n, "node");
  if (!alarms.empty())
    std::cout << "\n" << alarms;
  std::cout << "\n"
            << std::setw(12) << "PROCESS" << std::setw(40) << "ACTOR" << std::setw(10) << "RESTARTS"
            << std::setw(9) << "MAILBOX"
            << "MESSAGES\n";
  for (const auto& a : all.at("actors"))
    std::cout << std::setw(12) << a.value("process", "") << std::setw(40) << a.value("path", "")
              << std::setw(10) << a.value("restarts", 0) << std::setw(9) << a.value("mailbox", 0)
              << a.value("messages", 0) << "\n";
}

} // namespace

result<int> status_command(const common_options& common, bool as_json) {
  OR_RETURN(auto cluster, cluster_client::open(common));
  if (cluster.state().pid == 0)
    return failure{.reason = reason::unavailable,
                   .message =
                     "the cluster in " + common.data_dir + " is down; start it with `troupe up`"};
  auto all = gather(cluster);
  if (as_json)
    std::cout << all.dump(2) << std::endl;
  else
    print(all);
  return 0;
}

result<int> kill_command(const common_options& common, const std::string& what, bool stay_down) {
  OR_RETURN(auto cluster, cluster_client::open(common));
  auto slash = what.find('/');
  auto name = what.substr(0, slash);
  const auto* process = cluster.find(name);
  if (!process)
    return failure{.reason = reason::bad_request,
                   .message = "kill " + what + ": no process is called '" + name
                              + "'; `troupe status` lists them"};
  if (slash == std::string::npos) {
    OR_RETURN(auto done,
              up::ask_control(common.data_dir + "/up.sock",
                              {{"do", "kill"}, {"process", name}, {"stay_down", stay_down}}, 5s));
    std::cout << "killed " << name << " (pid " << done.value("pid", 0) << ")" << std::endl;
    return 0;
  }
  if (stay_down)
    return failure{.reason = reason::bad_request,
                   .message =
                     "kill " + what
                     + ": --stay-down is for processes; an actor's supervisor always acts"};
  CHECK_RETURN([&]() -> result<void> {
    OR_RETURN(auto done, cluster.post(*process, "/troupe/kill?actor=" + what.substr(slash + 1)));
    (void)done;
    return {};
  }());
  std::cout << "killed " << what << std::endl;
  return 0;
}

} // namespace troupe::program
