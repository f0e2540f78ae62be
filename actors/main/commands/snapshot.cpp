// snapshot save and restore: the whole store in a file, and a new cluster from it.
#include "actors/main/commands/cluster.hpp"
#include "actors/main/commands/up_down.hpp"
#include "actors/main/join/enter.hpp"
#include "actors/main/master_parts.hpp"
#include "actors/storage/restore.hpp"
#include "config/pki/files.hpp"
#include "config/pki/key.hpp"
#include "store/mvcc/backup.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace troupe::program {
namespace {

namespace fs = std::filesystem;

constexpr duration silent_for = 30s; // a master that sends nothing is given up

/// A file that gets its name when it is whole and durable; else it is gone again.
class new_file {
public:
  explicit new_file(std::string name) : name_(std::move(name)) {}
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;
  ~new_file() {
    if (fd_ >= 0)
      close(fd_);
    if (fd_ >= 0 && !kept_)
      unlink(part().c_str());
  }

  result<void> open() {
    fd_ = ::open(part().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd_ < 0 ? failed("create") : result<void>{};
  }
  result<void> append(std::string_view bytes) {
    while (!bytes.empty()) {
      auto n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno != EINTR)
        return failed("write");
      bytes.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
    }
    return {};
  }
  result<void> keep() {
    if (fsync(fd_) != 0)
      return failed("sync");
    if (rename(part().c_str(), name_.c_str()) != 0)
      return failed("rename");
    kept_ = true;
    auto above = fs::absolute(name_).parent_path();
    int fd = ::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
      close(fd);
    return synced ? result<void>{} : failed("sync the directory of");
  }

private:
  std::string part() const { return name_ + ".part"; }
  result<void> failed(const char* what) const {
    return system_failure(std::string{what} + " " + part(), errno);
  }

  std::string name_;
  int fd_ = -1;
  bool kept_ = false;
};

/// What came is checked before it gets its name.
result<void> save_from(cluster_client& cluster, const up::process_state& master,
                       const std::string& file) {
  new_file to{file};
  CHECK_RETURN(to.open());
  store::backup_reader checks{[](const store::record_ptr&) { return result<void>{}; }};
  result<void> wrong;
  auto streamed = cluster.stream(
    master, "/troupe/snapshot",
    [&](std::string_view piece) {
      wrong = checks.feed(piece);
      if (wrong)
        wrong = to.append(piece);
      return wrong.has_value();
    },
    silent_for);
  CHECK_RETURN(std::move(wrong));
  CHECK_RETURN(std::move(streamed));
  CHECK_RETURN(checks.finish());
  CHECK_RETURN(to.keep());
  std::cout << "saved " << checks.records() << " records at revision "
            << to_string(checks.about().at) << " (" << checks.bytes() << " bytes) from "
            << master.name << " to " << file << std::endl;
  return {};
}

std::uint64_t draw_group() {
  std::uint64_t out = 0;
  auto bytes = pki::random_bytes(sizeof out);
  std::memcpy(&out, bytes.data(), sizeof out);
  return out == 0 ? 1 : out;
}

void print_restored(const storage::restored& done, const std::string& next) {
  std::cout << "restored " << done.records << " records of the cluster " << done.about.cluster
            << " as of revision " << to_string(done.about.at) << "; the new one goes on from "
            << to_string(done.last) << "\n"
            << "start it: " << next << std::endl;
}

failure occupied(const std::string& dir) {
  return {.reason = reason::conflict,
          .message = "restore into " + dir
                     + ": a cluster's data is there already; name an empty "
                       "directory with --data-dir"};
}

result<std::optional<pki::shared_secrets>> kept_secrets(const restore_options& o) {
  if (o.pki.empty())
    return std::optional<pki::shared_secrets>{};
  OR_RETURN(auto was, pki::load_shared_secrets(o.pki));
  return std::optional{std::move(was)};
}

result<int> restore_first_master(const common_options& common, const restore_options& o,
                                 std::uint64_t group) {
  if (join::is_member(common.data_dir) || fs::exists(common.data_dir + "/store"))
    return occupied(common.data_dir);
  join::enter_options enters{.data_dir = common.data_dir,
                             .config = o.config,
                             .sets = o.sets,
                             .address = {},
                             .token = {},
                             .ca_hash = {}};
  if (!o.name.empty())
    enters.sets.push_back("name=" + o.name);
  OR_RETURN(auto secrets, kept_secrets(o));
  storage::restored done;
  auto fill = [&](const settings::master& with) -> result<void> {
    OR_RETURN(done, storage::restore_store({.store = {.directory = with.data_dir + "/store",
                                                      .cluster = with.cluster,
                                                      .member = with.name,
                                                      .founders = founders_of(with)},
                                            .snapshot = o.file,
                                            .group = group,
                                            .jump = o.jump}));
    return {};
  };
  OR_RETURN(auto with, join::found(enters, {.secrets = std::move(secrets), .fill = fill}));
  print_restored(done, "troupe --data-dir " + with.data_dir + " master");
  return 0;
}

/// All of the masters that `troupe up` will start begin with the same store.
result<int> restore_for_up(const common_options& common, const restore_options& o,
                           std::uint64_t group) {
  if (fs::exists(common.data_dir + "/up.json") || fs::exists(common.data_dir + "/pki"))
    return occupied(common.data_dir);
  OR_RETURN(auto secrets, kept_secrets(o));
  OR_RETURN(auto l, up_layout(common, {.sets = o.sets, .config = o.config, .masters = o.masters}));
  std::vector<std::string> made;
  auto fill = [&]() -> result<storage::restored> {
    storage::restored done;
    for (const auto& m : l.masters) {
      if (fs::exists(m.data_dir))
        return occupied(common.data_dir);
      std::error_code why;
      fs::create_directories(m.data_dir, why);
      if (why)
        return system_failure("make " + m.data_dir, why.value());
      made.push_back(m.data_dir);
      OR_RETURN(done, storage::restore_store({.store = {.directory = m.data_dir + "/store",
                                                        .cluster = m.cluster,
                                                        .member = m.name,
                                                        .founders = founders_of(m)},
                                              .snapshot = o.file,
                                              .group = group,
                                              .jump = o.jump}));
    }
    if (secrets)
      CHECK_RETURN(pki::save(*secrets, common.data_dir + "/pki"));
    return done;
  }();
  std::error_code ignored; // the failure is what matters
  if (!fill)
    for (const auto& dir : made)
      fs::remove_all(dir, ignored);
  CHECK_RETURN(fill ? result<void>{} : result<void>{fill.error()});
  print_restored(*fill, "troupe --data-dir " + common.data_dir + " up --masters "
                          + std::to_string(l.masters.size()));
  return 0;
}

} // namespace

result<int> snapshot_save_command(const common_options& common, const std::string& file) {
  OR_RETURN(auto cluster, cluster_client::open(common));
  failure last{.reason = reason::unavailable,
               .message = "save a snapshot: no master of the cluster runs"};
  for (const auto& p : cluster.state().processes) {
    if (p.kind != "master" || p.pid == 0)
      continue;
    auto done = save_from(cluster, p, file);
    if (done)
      return 0;
    last = std::move(done).error();
    if (last.reason == reason::internal || last.reason == reason::forbidden)
      break; // our own disk, or who we are: the next master changes nothing
  }
  return last;
}

result<int> snapshot_restore_command(const common_options& common, const restore_options& o) {
  auto group = draw_group();
  return o.for_up ? restore_for_up(common, o, group) : restore_first_master(common, o, group);
}

} // namespace troupe::program
