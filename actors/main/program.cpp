// `troupe`: reads the command line and calls the command.
#include "actors/main/program.hpp"

#include "actors/main/enter.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>

namespace troupe::program {
namespace {

using command = std::function<result<int>()>;

std::string default_data_dir() {
  const char* home = std::getenv("HOME");
  return std::string{home ? home : "/root"} + "/.troupe";
}

struct command_line {
  CLI::App app{"Troupe: a Kubernetes-compatible control plane made of actors."};
  common_options common;
  command chosen;
  // one of each, so that the callbacks have something to refer to
  up_options up;
  trace_options trace;
  balancer_options balancer;
  enter_options enter;
  bench_options bench;
  convert_options convert;
  member_options member;
  token_options token;
  restore_options restore;
  recover_command_options recover;
  std::string what;
  std::string format;
  bool stay_down = false;
  std::vector<std::string> files;

  command_line() {
    app.require_subcommand(1);
    app.fallthrough();
    common.data_dir = default_data_dir();
    app.add_option("--data-dir", common.data_dir, "directory of the cluster (default ~/.troupe)");
    add_cluster();
    add_processes();
    add_members();
    add_snapshots();
    add_inspection();
    add_bench();
    add_internal();
  }

  CLI::App* add(const char* name, const char* help, command run) {
    auto* sub = app.add_subcommand(name, help);
    sub->callback([this, run = std::move(run)] { chosen = run; });
    return sub;
  }

  void add_cluster() {
    auto* u = add("up", "start a cluster on this machine; prints the kubeconfig's path",
                  [this] { return up_command(common, up); });
    u->add_option("--masters", up.masters, "how many masters (1, 3 or 5; default 3)");
    u->add_option("--nodes", up.nodes, "how many nodes (default 2)")
      ->each([this](const std::string&) { up.nodes_given = true; });
    u->add_option("--runtime", up.runtime, "containerd or simulated")
      ->check(CLI::IsMember({"containerd", "simulated"}));
    u->add_option("--addons", up.addons, "add-ons, separated by commas");
    u->add_option("--config", up.config, "settings file (YAML)");
    u->add_option("--set", up.sets, "a setting: KEY=VALUE");
    u->add_flag("--detach", up.detach, "go to the background once all masters and nodes are ready");
    add("down", "end the cluster; its data stays", [this] { return down_command(common); });
    auto* i = add("image", "put image archives (docker or OCI) on every node",
                  [this] { return image_import_command(common, files); });
    i->add_option("archives", files, "tar files")->required()->check(CLI::ExistingFile);
  }

  void add_processes() {
    auto* m = add("master", "run a master: founds a cluster, joins one, or goes on",
                  [this] { return master_command(common, member); });
    auto* n = add("node", "run a node: joins a cluster, or goes on",
                  [this] { return node_command(common, member); });
    m->add_flag("--new-cluster", member.new_cluster, "found a cluster of this one master");
    for (auto* sub : {m, n}) {
      sub->add_option("--config", member.config, "settings file (YAML)");
      sub->add_option("--set", member.sets, "a setting: KEY=VALUE");
      auto* at = sub->add_option("--join", member.join, "HOST[:PORT] of any master's API");
      auto* shown = sub->add_option("--token", member.token, "as `troupe token create` prints it");
      auto* hash = sub->add_option("--ca-hash", member.ca_hash, "sha256:... of the cluster's CA");
      at->needs(shown, hash);
    }
    auto* t = app.add_subcommand("token", "let machines join");
    t->require_subcommand(1);
    auto* c = t->add_subcommand("create", "print a token with which a node may join");
    c->callback([this] { chosen = [this] { return token_create_command(common, token); }; });
    c->add_flag("--master", token.master, "a master may: it is handed the CA's key");
    c->add_option("--ttl", token.ttl, "how long it is good, as 30m or 24h; 0: for ever (24h)");
    c->add_flag("--print-join-command", token.join_command,
                "the whole command, with the CA's hash");
    add("version", "print the version", []() -> result<int> { return version_command(); });
    auto* v = add("convert", "objects in another encoding or version, without a cluster",
                  [this] { return convert_command(convert); });
    v->add_option("-f,--filename", convert.files, "JSON, YAML or protobuf; - is standard input")
      ->required();
    v->add_option("-o,--output", convert.format, "json, yaml or protobuf (default yaml)")
      ->check(CLI::IsMember({"json", "yaml", "protobuf"}));
    v->add_option("--output-version", convert.version, "as in apps/v1 (default: as it is)");
  }

  void add_members() {
    auto* m =
      app.add_subcommand("member", "the masters that keep the store: list, remove, recover");
    m->require_subcommand(1);
    auto* l = m->add_subcommand("list", "name, address, role, last contact and log index of each");
    l->callback(
      [this] { chosen = [this] { return member_list_command(common, format == "json"); }; });
    l->add_option("-o,--output", format, "json")->check(CLI::IsMember({"json"}));
    auto* r = m->add_subcommand("remove", "take a master out for good, a dead one too; its process "
                                          "stops with exit code 3, and nothing may be lost by it");
    r->callback([this] { chosen = [this] { return member_remove_command(common, what); }; });
    r->add_option("name", what, "as `troupe member list` shows it")->required();
    auto* c = m->add_subcommand(
      "recover", "when most masters are lost for good: the stopped one in --data-dir goes on alone "
                 "with what it has, and others join it anew; says what may be lost, and with --yes "
                 "does it");
    c->callback([this] { chosen = [this] { return member_recover_command(common, recover); }; });
    c->add_flag("--yes", recover.yes, "do it");
    c->add_option("--bump-revision", recover.jump,
                  "how far revisions jump; more than what is lost can have made (1000000000)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40U));
    auto* a =
      m->add_subcommand("add", "not from here: a master joins by itself, with `troupe "
                               "master --join` and a token (`troupe token create --master`)");
    a->callback([this] { chosen = [] { return member_add_command(); }; });
    a->allow_extras();
  }

  void add_snapshots() {
    auto* s = app.add_subcommand("snapshot", "the whole store in a file: save, restore");
    s->require_subcommand(1);
    auto* save = s->add_subcommand(
      "save", "from any master of the running cluster, as of one moment; the file holds Secrets "
              "(encrypted only if the cluster encrypts them) and is readable by its owner");
    save->callback([this] { chosen = [this] { return snapshot_save_command(common, what); }; });
    save->add_option("file", what, "written whole or not at all")->required();
    auto* r = s->add_subcommand(
      "restore", "found a new cluster in --data-dir, which must be empty, from such a file: with a "
                 "new CA (nodes and masters join again), revisions that the old one never reached, "
                 "and no past (a watch that goes on from before gets 410)");
    r->callback([this] { chosen = [this] { return snapshot_restore_command(common, restore); }; });
    r->add_option("file", restore.file)->required()->check(CLI::ExistingFile);
    r->add_option("--name", restore.name, "of the first master");
    r->add_option("--config", restore.config, "settings file (YAML)");
    r->add_option("--set", restore.sets, "a setting: KEY=VALUE");
    r->add_option("--pki", restore.pki,
                  "directory with ca.key, sa.key and the rest of the old cluster's (DIR/pki): keep "
                  "them, so that kubeconfigs, nodes and tokens stay good; the old cluster must "
                  "never run again then");
    r->add_flag("--for-up", restore.for_up, "for `troupe up` instead of `troupe master`");
    r->add_option("--masters", restore.masters, "of `troupe up` (1, 3 or 5)")->needs("--for-up");
    r->add_option("--bump-revision", restore.jump,
                  "how far revisions jump; more than the old cluster made since (1000000000)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40U));
  }

  void add_inspection() {
    auto* s = add("status", "masters, leader, nodes, actors",
                  [this] { return status_command(common, format == "json"); });
    s->add_option("-o,--output", format, "json")->check(CLI::IsMember({"json"}));
    auto* k =
      add("kill", "kill an actor (PROCESS/PATH) or a process (power-off of it and all inside)",
          [this] { return kill_command(common, what, stay_down); });
    k->add_option("what", what, "master-1, node-2, or an actor such as master-1/api/worker-0")
      ->required();
    k->add_flag("--stay-down", stay_down,
                "do not start the process again before the next `troupe up`");
    auto* t = add("trace", "the messages between actors, of one object or all",
                  [this] { return trace_command(common, trace); });
    t->add_option("object", trace.object, "KIND/NAME or KIND/NAMESPACE/NAME");
    t->add_flag("--follow", trace.follow, "go on as messages come");
    t->add_option("-o,--output", trace.format, "text, json, otlp or mermaid")
      ->check(CLI::IsMember({"text", "json", "otlp", "mermaid"}));
  }

  void add_bench() {
    auto* b =
      add("bench", "measure the store, the API or watches, with fresh servers of its own", [this] {
        bench.as_json = format == "json";
        return bench_command(common, bench);
      });
    b->add_option("what", bench.what, "store, api or watch")
      ->required()
      ->check(CLI::IsMember({"store", "api", "watch"}));
    b->add_option("--case", bench.only, "one case only");
    b->add_option("--clients", bench.clients, "how many clients (default 1,16,64,256; watch: 1000)")
      ->delimiter(',');
    b->add_option("--peer", bench.peer, "measured beside it, in turn")
      ->check(CLI::IsMember({"etcd"}));
    b->add_option("--seconds", bench.seconds, "of one measurement (default 3)");
    b->add_option("--runs", bench.runs, "of each, the medians are told (default 3)");
    b->add_option("--configmaps", bench.config_maps, "of the memory case (default 20000)");
    b->add_option("--keys", bench.keys, "of the store's case scale (default 10000,100000)")
      ->delimiter(',');
    b->add_option("--rate", bench.rate, "of watch: writes per second (default 1000)");
    b->add_option("-o,--output", format, "json")->check(CLI::IsMember({"json"}));
  }

  void add_internal() {
    auto* b = add("balancer", "", [this] { return balancer_command(balancer); });
    b->group("");
    b->add_option("--listen", balancer.listen)->required();
    b->add_option("--backend", balancer.backends)->required();
    b->add_option("--ca", balancer.ca_file)->required();
    auto* e = add("enter", "", [this] { return program::enter(enter); });
    e->group("");
    e->add_option("--address", enter.address);
    e->add_option("--gateway", enter.gateway);
    e->add_flag("--machine", enter.machine);
    e->add_option("--machine-dir", enter.data_dir);
    e->add_option("command", enter.command)->required();
  }
};

int run(int argc, char** argv) {
  command_line line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    int code = line.app.exit(e);
    return code == 0 ? 0 : 2;
  }
  line.common.data_dir = std::filesystem::absolute(line.common.data_dir).lexically_normal();
  auto done = line.chosen();
  if (done)
    return *done;
  std::cerr << "troupe: " << done.error().message << std::endl;
  for (const auto& c : done.error().causes)
    std::cerr << "  " << c.field << ": " << c.message << std::endl;
  return done.error().reason == reason::bad_request ? 2 : 1;
}

} // namespace
} // namespace troupe::program

int main(int argc, char** argv) { return troupe::program::run(argc, argv); }
