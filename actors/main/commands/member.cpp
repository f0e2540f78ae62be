// member: who are the masters, and one of them leaves.
#include "actors/main/commands/cluster.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <iomanip>
#include <iostream>
#include <poll.h>

namespace troupe::program {
namespace {

using nlohmann::json;

constexpr duration try_for = 20s;
constexpr int again_ms = 300;

instant now() { return std::chrono::system_clock::now(); }

/// Every byte but letters, digits and "-._".
std::string escaped(const std::string& text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '.' || c == '_')
      out += static_cast<char>(c);
    else
      out += {'%', digits[c >> 4], digits[c & 15]};
  }
  return out;
}

bool may_change(const failure& why) {
  return why.reason == reason::unavailable || why.reason == reason::too_many_requests
         || why.reason == reason::timeout;
}

/// Asks one master after the other until one answers; again for a while when `patiently`.
result<json> ask_masters(cluster_client& cluster, const std::string& method,
                         const std::string& target, duration deadline, bool patiently,
                         bool* unsure = nullptr) {
  auto over = now() + try_for;
  failure last{.reason = reason::unavailable, .message = "no master of the cluster runs"};
  while (true) {
    for (const auto& p : cluster.state().processes) {
      if (p.kind != "master" || p.pid == 0)
        continue;
      auto told =
        method == "GET" ? cluster.get(p, target, deadline) : cluster.post(p, target, deadline);
      if (told || !may_change(told.error()))
        return told;
      last = std::move(told).error();
      if (unsure && last.reason == reason::timeout)
        *unsure = true;
    }
    if (!patiently || now() >= over)
      return last;
    poll(nullptr, 0, again_ms);
  }
}

void print(const json& all) {
  std::cout << std::left << std::setw(20) << "NAME" << std::setw(24) << "ADDRESS" << std::setw(9)
            << "ROLE" << std::setw(14) << "LAST CONTACT"
            << "INDEX\n";
  for (const auto& m : all.at("members")) {
    const auto& silent = m.at("last_contact_ms");
    std::cout << std::setw(20) << m.value("name", "") << std::setw(24) << m.value("address", "")
              << std::setw(9) << m.value("role", "") << std::setw(14)
              << (silent.is_null() ? "never" : std::to_string(silent.get<std::int64_t>()) + " ms")
              << m.value("index", std::uint64_t{0}) << "\n";
  }
  if (all.value("leader", "").empty())
    std::cout << "no master leads at the moment: this is what one of them knows\n";
}

} // namespace

result<int> member_list_command(const common_options& common, bool as_json) {
  OR_RETURN(auto cluster, cluster_client::open(common));
  OR_RETURN(auto all, ask_masters(cluster, "GET", "/troupe/members", 5s, false));
  if (as_json)
    std::cout << all.dump(2) << std::endl;
  else
    print(all);
  return 0;
}

result<int> member_remove_command(const common_options& common, const std::string& name) {
  OR_RETURN(auto cluster, cluster_client::open(common));
  bool unsure = false;
  auto done = ask_masters(cluster, "POST", "/troupe/member/remove?name=" + escaped(name), try_for,
                          true, &unsure);
  // An attempt whose answer was lost may have done it.
  if (!done && !(unsure && done.error().reason == reason::not_found))
    return std::move(done).error();
  std::cout << "removed " << name << ": its process stops; to let it in again, empty its data "
            << "directory and join" << std::endl;
  return 0;
}

result<int> member_add_command() {
  return failure{.reason = reason::bad_request,
                 .message = "a master adds itself: run what `troupe token create --master "
                            "--print-join-command` prints on its machine"};
}

} // namespace troupe::program
