#include "runtime/containerd/config.hpp"

namespace troupe::containerd {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

const char* truth(bool is) { return is ? "true" : "false"; }

std::string runtime_text(const std::string& name, const std::string& binary) {
  const std::string table = R"([plugins."io.containerd.grpc.v1.cri".containerd.runtimes.)" + name;
  auto out = table + "]\nruntime_type = \"io.containerd.runc.v2\"\n";
  if (!binary.empty())
    out += table + ".options]\nBinaryName = " + quoted(binary) + "\n";
  return out;
}

} // namespace

std::string config_text(const options& with, const runtime::machine& machine,
                        const std::string& cni_bin) {
  // Without the capability to lower a score, runc dies of every negative one.
  auto clamp_score = !machine.may_lower_oom_score;
  std::string out = "version = 2\n";
  out += "root = " + quoted(with.root) + "\n";
  out += "state = " + quoted(with.state) + "\n";
  out += "oom_score = " + std::string(clamp_score ? "0" : "-999") + "\n";
  out += R"(disabled_plugins = ["io.containerd.snapshotter.v1.aufs", )"
         R"("io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", )"
         R"("io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"])"
         "\n";
  out += "[grpc]\naddress = " + quoted(with.socket()) + "\n";
  out += R"([plugins."io.containerd.grpc.v1.cri"])"
         "\n";
  out += "sandbox_image = " + quoted(with.sandbox_image) + "\n";
  out += "disable_apparmor = " + std::string(truth(!machine.apparmor)) + "\n";
  out += "systemd_cgroup = false\n";
  out += "disable_hugetlb_controller = true\n";
  out += "tolerate_missing_hugetlb_controller = true\n";
  out += "restrict_oom_score_adj = " + std::string(truth(clamp_score)) + "\n";
  out += "netns_mounts_under_state_dir = true\n";
  out += R"([plugins."io.containerd.grpc.v1.cri".cni])"
         "\n";
  out += "bin_dir = " + quoted(cni_bin) + "\n";
  out += "conf_dir = " + quoted(with.cni_conf) + "\n";
  out += R"([plugins."io.containerd.grpc.v1.cri".containerd])"
         "\n";
  out += "snapshotter = \"overlayfs\"\n";
  out += "default_runtime_name = " + quoted(with.oci_runtime) + "\n";
  out += runtime_text("runc", {});
  out += runtime_text("crun", "crun");
  return out;
}

} // namespace troupe::containerd
