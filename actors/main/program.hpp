// The subcommands of `troupe`, one function each. They print, and answer with the exit code:
// 0 done, 1 failed, 2 wrong usage.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <string>
#include <vector>

namespace troupe::program {

/// What every command takes.
struct common_options {
  std::string data_dir; // absolute
};

struct up_options {
  std::vector<std::string> sets; // KEY=VALUE
  std::string config;            // file
  std::uint32_t masters = 0;     // 0: the setting
  std::uint32_t nodes = 0;
  bool nodes_given = false;
  std::string runtime; // containerd, simulated; empty: the setting
  std::string addons;  // comma-separated; empty: the setting
  bool detach = false;
};

result<int> up_command(const common_options& common, const up_options& o);
result<int> down_command(const common_options& common);
result<int> status_command(const common_options& common, bool as_json);
result<int> kill_command(const common_options& common, const std::string& what, bool stay_down);

struct trace_options {
  std::string object; // KIND/NAME or KIND/NAMESPACE/NAME; empty: everything
  bool follow = false;
  std::string format = "text"; // text, json, otlp, mermaid
};
result<int> trace_command(const common_options& common, const trace_options& o);

/// Puts docker or OCI archives among the images of every node with a containerd of its own.
result<int> image_import_command(const common_options& common,
                                 const std::vector<std::string>& files);

struct member_options {
  std::string config; // settings file
  std::vector<std::string> sets;
  bool new_cluster = false; // of a master: found one
  std::string join;         // HOST or HOST:PORT of a master's API; empty: it has joined before
  std::string token;
  std::string ca_hash;
};
/// Become a member of the cluster if this machine is none yet (kept in --data-dir), then run.
result<int> master_command(const common_options& common, const member_options& o);
result<int> node_command(const common_options& common, const member_options& o);

struct token_options {
  bool master = false;
  std::string ttl = "24h"; // "0": for ever
  bool join_command = false;
};
/// Prints a new token, or the whole command that joins with it.
result<int> token_create_command(const common_options& common, const token_options& o);

/// The masters as the store counts them, and how far each is.
result<int> member_list_command(const common_options& common, bool as_json);
/// One master, alive or dead, leaves for good.
result<int> member_remove_command(const common_options& common, const std::string& name);
struct recover_command_options {
  bool yes = false;                   // else it only says what it would do
  std::uint64_t jump = 1'000'000'000; // revisions
};
/// The majority is lost for good: the master of this data directory goes on alone.
result<int> member_recover_command(const common_options& common, const recover_command_options& o);

/// All that is stored, as of one moment, into a file; from any master of the running cluster.
result<int> snapshot_save_command(const common_options& common, const std::string& file);

struct restore_options {
  std::string file;
  std::string name;   // of the first master; empty: the setting
  std::string config; // settings file
  std::vector<std::string> sets;
  std::string pki;                    // directory of the old cluster's CA and keys; empty: new ones
  bool for_up = false;                // into the data directory of a `troupe up`
  std::uint32_t masters = 0;          // of that; 0: the setting
  std::uint64_t jump = 1'000'000'000; // revisions
};
/// A new cluster from such a file: the data directory of its first master, or of a `troupe up`.
result<int> snapshot_restore_command(const common_options& common, const restore_options& o);

/// Always fails: says how a master joins.
result<int> member_add_command();

/// The exit code of a master that was removed: starting it again would change nothing.
inline constexpr int removed_exit_code = 3;

struct balancer_options {
  std::string listen; // HOST:PORT
  std::vector<std::string> backends;
  std::string ca_file;
};
result<int> balancer_command(const balancer_options& o);
int version_command();

struct convert_options {
  std::vector<std::string> files; // - for the standard input
  std::string format = "yaml";    // json, yaml, protobuf
  std::string version;            // as in apps/v1; empty: as it is
};
/// Objects in another encoding or version, on the standard output; needs no cluster.
result<int> convert_command(const convert_options& o);

struct bench_options {
  std::string what;                 // store, api, watch
  std::string only;                 // one case; empty: all
  std::vector<std::size_t> clients; // empty: 1, 16, 64, 256; of watch: 1000
  std::string peer;                 // etcd; empty: Troupe alone
  double seconds = 3;               // of one measurement
  std::uint32_t runs = 3;
  std::uint32_t config_maps = 20'000;
  std::vector<std::uint64_t> keys = {10'000, 100'000}; // of the case scale
  double rate = 1000;                                  // writes per second of watch
  bool as_json = false;
};
result<int> bench_command(const common_options& common, const bench_options& o);

/// The server's version: v1.36.0+troupe.N.
std::string server_version();

} // namespace troupe::program
