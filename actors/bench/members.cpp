#include "actors/bench/members.hpp"

#include "config/pki/files.hpp"
#include "config/settings/settings.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto address = "127.0.0.1";
constexpr std::size_t how_many = 3;

/// Ports of 127.0.0.1 that nobody listened on a moment ago, all different.
result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  std::vector<int> held;
  std::vector<std::uint16_t> out;
  int error = 0;
  while (out.size() < count && error == 0) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    held.push_back(fd);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* any = reinterpret_cast<sockaddr*>(&at);
    if (fd < 0 || bind(fd, any, size) != 0 || getsockname(fd, any, &size) != 0)
      error = errno;
    else
      out.push_back(ntohs(at.sin_port));
  }
  for (int fd : held)
    close(fd);
  if (error != 0)
    return system_failure("find free ports of 127.0.0.1", error);
  return out;
}

result<std::vector<member>> plan_members(const std::string& prefix) {
  OR_RETURN(auto ports, free_ports(2 * how_many));
  std::vector<member> out;
  for (std::size_t i = 0; i < how_many; ++i)
    out.push_back({.name = prefix + std::to_string(i + 1),
                   .client_port = ports[2 * i],
                   .peer_port = ports[2 * i + 1]});
  return out;
}

result<void> make_directory(const std::string& at) {
  std::error_code why;
  fs::create_directories(at, why);
  if (why)
    return failure{.message = "create " + at + ": " + why.message()};
  return {};
}

std::string end_of_file(const std::string& path) {
  std::ifstream in{path};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  auto line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

std::string log_of(const std::string& directory, const std::string& name) {
  return directory + "/" + name + ".log";
}

settings::master settings_of(const std::vector<member>& all, const member& of,
                             const std::string& directory) {
  settings::master out;
  out.name = of.name;
  out.cluster = "bench";
  out.data_dir = directory + "/" + of.name;
  out.bind_address = address;
  out.api_port = of.client_port;
  out.link_port = of.peer_port;
  for (const auto& m : all)
    out.masters.push_back(
      {.name = m.name, .address = std::string{address} + ":" + std::to_string(m.peer_port)});
  return out;
}

std::string url(std::uint16_t port) {
  std::string out = "https://";
  return out.append(address).append(":").append(std::to_string(port));
}

result<void> check_etcd_is_there() {
  const char* path = std::getenv("PATH");
  std::istringstream folders{path ? path : "/usr/bin"};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/etcd").c_str(), X_OK) == 0)
      return {};
  return failure{.reason = reason::not_found,
                 .message = "start etcd: there is no program 'etcd' in the PATH; install "
                            "etcd-server (scripts/install-packages does)"};
}

std::vector<std::string> etcd_command(const std::vector<member>& all, const member& of,
                                      const std::string& directory) {
  std::string together;
  for (const auto& m : all)
    together += (together.empty() ? "" : ",") + m.name + "=" + url(m.peer_port);
  auto file = [&](const char* name) { return directory + "/pki/" + name; };
  return {
    "etcd", "--name=" + of.name, "--data-dir=" + directory + "/" + of.name,
    "--listen-client-urls=" + url(of.client_port), "--advertise-client-urls=" + url(of.client_port),
    "--listen-peer-urls=" + url(of.peer_port), "--initial-advertise-peer-urls=" + url(of.peer_port),
    "--initial-cluster=" + together, "--initial-cluster-state=new", "--initial-cluster-token=bench",
    "--trusted-ca-file=" + file("ca.crt"), "--cert-file=" + file("etcd.crt"),
    "--key-file=" + file("etcd.key"), "--client-cert-auth",
    "--peer-trusted-ca-file=" + file("ca.crt"), "--peer-cert-file=" + file("etcd.crt"),
    "--peer-key-file=" + file("etcd.key"), "--peer-client-cert-auth",
    // As a master compacts, and as an API server orders etcd to.
    "--auto-compaction-mode=periodic", "--auto-compaction-retention=5m",
    "--quota-backend-bytes=8589934592", "--logger=zap", "--log-level=warn"};
}

result<void> start_one(members& of, const std::string& name, std::vector<std::string> command) {
  OR_RETURN(auto started, runtime::process::start(command, log_of(of.directory, name)));
  of.processes.push_back(std::move(started));
  of.commands.push_back(std::move(command));
  return {};
}

} // namespace

result<scratch> scratch::make(const fs::path& at) {
  std::error_code why;
  fs::create_directories(at.parent_path(), why);
  if (!why && !fs::create_directory(at, why) && !why)
    return failure{.reason = reason::already_exists,
                   .message = "create " + at.string() + ": it is there already"};
  if (why)
    return failure{.message = "create " + at.string() + ": " + why.message()};
  return scratch{at};
}

scratch::~scratch() {
  std::error_code ignored;
  if (!at_.empty())
    fs::remove_all(at_, ignored);
}

std::vector<pid_t> members::pids() const {
  std::vector<pid_t> out;
  for (const auto& p : processes)
    out.push_back(p.pid());
  return out;
}

result<void> members::check_running() {
  for (std::size_t i = 0; i < processes.size(); ++i)
    if (auto status = processes[i].wait(0ns))
      return failure{.reason = reason::unavailable,
                     .message = "run " + all[i].name + ": it ended with "
                                + runtime::describe_end(*status) + ": "
                                + end_of_file(log_of(directory, all[i].name))};
  return {};
}

result<std::chrono::steady_clock::time_point> members::restart(std::size_t which) {
  auto& old = processes.at(which);
  old.signal(SIGKILL);
  if (!old.wait(10s))
    return failure{.reason = reason::timeout,
                   .message = "restart " + all.at(which).name + ": it does not end"};
  auto now = std::chrono::steady_clock::now();
  OR_RETURN(auto started,
            runtime::process::start(commands.at(which), log_of(directory, all.at(which).name)));
  old = std::move(started);
  return now;
}

result<troupe_members> start_troupe(const std::string& program, const std::string& directory,
                                    instant now) {
  OR_RETURN(auto all, plan_members("master-"));
  pki::cluster_plan plan;
  for (const auto& m : all)
    plan.masters.push_back({.name = m.name, .dns = {m.name}, .ips = {address}});
  OR_RETURN(auto made, pki::make_cluster(plan, now));
  OR_RETURN(auto own, made.shared.ca.issue(pki::master_subject(own_name), now));
  troupe_members out{.common = {.system = "troupe",
                                .all = all,
                                .processes = {},
                                .commands = {},
                                .directory = directory,
                                .ca_pem = made.shared.ca.cert().to_pem(),
                                .client = own},
                     .admin = made.admin};
  for (const auto& m : all) {
    auto with = settings_of(all, m, directory);
    auto pki_dir = with.data_dir + "/pki";
    auto config = with.data_dir + "/config.yaml";
    CHECK_RETURN(make_directory(pki_dir));
    CHECK_RETURN(pki::save(made.shared, pki_dir));
    CHECK_RETURN(pki::save(made.masters.at(m.name), pki_dir));
    CHECK_RETURN(pki::write_file(config, settings::dump(with), pki::secrecy::open));
    CHECK_RETURN(start_one(out.common, m.name, {program, "master", "--config", config}));
  }
  return out;
}

result<members> start_etcd(const std::string& directory, instant now) {
  CHECK_RETURN(check_etcd_is_there());
  OR_RETURN(auto all, plan_members("etcd-"));
  OR_RETURN(auto ca, pki::authority::generate("bench", now));
  OR_RETURN(auto serving, ca.issue({.who = {.name = "etcd", .groups = {}},
                                    .dns = {"localhost"},
                                    .ips = {address},
                                    .use = pki::usage::both},
                                   now));
  OR_RETURN(
    auto own,
    ca.issue(
      {.who = {.name = own_name, .groups = {}}, .dns = {}, .ips = {}, .use = pki::usage::client},
      now));
  members out{.system = "etcd",
              .all = all,
              .processes = {},
              .commands = {},
              .directory = directory,
              .ca_pem = ca.cert().to_pem(),
              .client = own};
  CHECK_RETURN(make_directory(directory + "/pki"));
  CHECK_RETURN(pki::write_file(directory + "/pki/ca.crt", out.ca_pem, pki::secrecy::open));
  CHECK_RETURN(pki::save(serving, directory + "/pki", "etcd"));
  for (const auto& m : all) {
    CHECK_RETURN(start_one(out, m.name, etcd_command(all, m, directory)));
  }
  return out;
}

} // namespace troupe::bench
