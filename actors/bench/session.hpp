// What the benches share: the servers of a run, measuring one load on one of them, the memory
// cases. Inside actors/bench only.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/bench/bench.hpp"
#include "actors/bench/closed_loop.hpp"
#include "actors/bench/members.hpp"
#include "actors/bench/store_target.hpp"

#include <array>
#include <memory>
#include <optional>

namespace troupe::bench {

/// HTTPS to each master, as the administrator; `turn` mod 3 is the master (see store_target).
class api_target {
public:
  static result<std::unique_ptr<api_target>> reach(const troupe_members& of);

  /// Good: the answer has `code`.
  void send(std::size_t turn, http::request what, int code, finish to);
  /// What the last answer with another code said.
  std::string last_refusal() const;

private:
  api_target() = default;
  std::shared_ptr<io::threads> threads_;
  std::vector<std::unique_ptr<http::client>> masters_;
  mutable std::mutex mutex_;
  std::string refusal_;
};

/// A POST of `body`, or a GET when it is empty.
http::request request_of(std::string target, std::string body = {});
/// A ConfigMap whose one value has 512 bytes, as JSON.
std::string config_map(const std::string& name_space, const std::string& name, std::uint64_t salt);
/// `size` bytes that do not compress, different for each `salt`.
std::string incompressible(std::size_t size, std::uint64_t salt);

/// One case of one system.
struct workload {
  std::string name;
  operation what;
};

/// CPU seconds of all of them so far.
double cpu_of(const members& servers);

/// Throughput and delays of a load, into its row.
void note_loop(row& in, const loop_result& got);

class session {
public:
  /// Starts what is to be measured; all of it answers then.
  static result<std::unique_ptr<session>> open(const options& with, patience& waiting,
                                               std::string bench);

  store_target& troupe() { return *troupe_store_; }
  store_target* etcd() { return etcd_store_.get(); }
  api_target& api() { return *api_; }
  members& troupe_servers() { return troupe_->common; }
  members* etcd_servers() { return etcd_ ? &*etcd_ : nullptr; }
  const pki::credential& admin() const { return troupe_->admin; }

  /// memory_idle and memory_N_configmaps, as far as they are wanted: first of all.
  result<void> measure_memory(std::vector<row>& into);
  /// The case for each number of clients, `runs` times; both systems in turn. `on_etcd` may be
  /// empty.
  result<void> measure(const workload& on_troupe, const std::optional<workload>& on_etcd,
                       std::vector<row>& into);
  /// Both systems' rows of one case and load as their medians, ours first; `theirs` may be empty.
  void take_medians(const std::vector<row>& ours, const std::vector<row>& theirs,
                    std::vector<row>& into) const;
  /// The servers' memory as it is now, with a row per member.
  result<void> note_memory(row& in, const members& servers) const;
  result<row> memory_row(const std::string& name, const members& servers) const;
  /// Until all members answer (again).
  result<void> wait_for_all();
  loop_options loop_of_window(std::size_t clients) const;
  bool wants(const std::string& name) const { return with_.only.empty() || with_.only == name; }
  /// So many operations, each once, with 64 clients.
  result<void> fill(std::uint64_t count, const operation& what);
  result<void> create_namespace(const std::string& name);
  void say(const std::string& what) const;

private:
  session(const options& with, patience& waiting, std::string bench);
  result<void> start();
  result<void> wait_for_etcd();
  result<void> wait_for_troupe();
  result<row> once(const workload& of, members& servers, std::size_t clients);

  options with_;
  patience& waiting_;
  std::string bench_;
  std::optional<scratch> directory_; // destroyed last
  std::optional<troupe_members> troupe_;
  std::optional<members> etcd_;
  std::unique_ptr<store_target> troupe_store_;
  std::unique_ptr<store_target> etcd_store_;
  std::unique_ptr<api_target> api_;
};

} // namespace troupe::bench
