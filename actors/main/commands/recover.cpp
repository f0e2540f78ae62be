// member recover: one master is left, and the cluster goes on from what it has.
#include "actors/storage/recover.hpp"

#include "actors/main/join/enter.hpp"
#include "actors/main/program.hpp"
#include "config/pki/key.hpp"

#include <cstring>
#include <ctime>
#include <filesystem>
#include <iostream>

namespace troupe::program {
namespace {

std::string time_text(std::optional<instant> when) {
  if (!when)
    return "at an unknown time";
  auto seconds = std::chrono::system_clock::to_time_t(
    std::chrono::time_point_cast<std::chrono::system_clock::duration>(*when));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void print(const settings::master& with, const storage::survivor& s, bool done) {
  std::cout << with.name << (done ? " is the only master now\n" : " would be the only master\n")
            << "  kept     all that its log has: up to index " << to_string(s.last.index)
            << " of term " << to_string(s.last.term) << ", last written " << time_text(s.when)
            << "\n"
            << "  lost     what was acknowledged after that without this master"
            << (s.voted ? "" : " (it was a learner: perhaps much)") << "\n"
            << "  jumps    revisions, so that none is given twice; watches from before get 410\n";
  for (const auto& m : s.others)
    std::cout << "  out      " << m.address << "\n";
  if (!s.others.empty())
    std::cout << "           never start one of them with its old data again: they may hold what "
                 "is lost here, and with it\n           another cluster of the same name; empty "
                 "their data directories, then they may join\n";
  std::cout << (done ? "start it: troupe --data-dir " + with.data_dir + " master"
                     : std::string{"nothing is changed yet; with --yes it is done"})
            << std::endl;
}

} // namespace

result<int> member_recover_command(const common_options& common, const recover_command_options& o) {
  if (!join::is_member(common.data_dir))
    return failure{.reason = reason::bad_request,
                   .message = common.data_dir
                              + " belongs to no cluster: name the data directory of "
                                "the master that is left with --data-dir"};
  OR_RETURN(auto with, join::own_settings<settings::master>({.data_dir = common.data_dir,
                                                             .config = {},
                                                             .sets = {},
                                                             .address = {},
                                                             .token = {},
                                                             .ca_hash = {}}));
  if (std::filesystem::exists(with.data_dir + "/removed"))
    return failure{.reason = reason::conflict,
                   .message = "recover " + with.name
                              + ": it was removed from the cluster before, "
                                "and what it has is old"};
  storage::recover_options r{.store = {.directory = with.data_dir + "/store",
                                       .cluster = with.cluster,
                                       .member = with.name,
                                       .founders = {}},
                             .address = join::member_address(with),
                             .jump = o.jump};
  if (!o.yes) {
    OR_RETURN(auto found, storage::look_at_survivor(r));
    print(with, found, false);
    return 1;
  }
  auto bytes = pki::random_bytes(sizeof r.group);
  std::memcpy(&r.group, bytes.data(), sizeof r.group);
  r.group |= 1; // not 0
  OR_RETURN(auto found, storage::recover_alone(r));
  CHECK_RETURN(join::remember_alone(with));
  print(with, found, true);
  return 0;
}

} // namespace troupe::program
