#include "actors/kubelet/pod/volumes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

failure unusable(const volume& v, const std::string& why) {
  return {.reason = reason::invalid,
          .message = "MountVolume.SetUp failed for volume \"" + v.name + "\" : " + why};
}

/// Gathers the files of one volume from its sources.
class gatherer {
public:
  gatherer(const pod& p, const volume& v, const references& known, const surroundings& around)
      : pod_(p), volume_(v), known_(known), around_(around) {}

  result<std::vector<file_to_write>> run() {
    auto source = json::parse(volume_.json, nullptr, false);
    if (source.is_discarded())
      return unusable(volume_, "its source is not readable");
    mode_ = source.value("defaultMode", 0644U);
    if (volume_.source != "projected") {
      CHECK_RETURN(add(volume_.source, source));
    } else {
      for (const auto& part : source.value("sources", json::array()))
        for (const auto& [kind, one] : part.items())
          CHECK_RETURN(add(kind, one));
    }
    return std::move(files_);
  }

private:
  result<void> add(const std::string& kind, const json& source) {
    if (kind == "configMap" || kind == "secret")
      return add_keys(kind == "secret", source);
    if (kind == "downwardAPI")
      return add_fields(source);
    return unusable(volume_, "a projected " + kind + " is not supported by this kubelet");
  }

  result<void> add_keys(bool secret, const json& source) {
    reference ref{secret, source.value("name", std::string())};
    if (ref.name.empty())
      ref.name = source.value("secretName", std::string());
    auto optional = source.value("optional", false);
    auto object = known_.find(ref);
    if (object == known_.end()) {
      if (optional)
        return {};
      return unusable(volume_, (secret ? "secret \"" : "configmap \"") + ref.name + "\" not found");
    }
    if (!source.contains("items")) {
      for (const auto& [key, value] : object->second)
        files_.push_back({key, value, mode_});
      return {};
    }
    for (const auto& item : source["items"]) {
      auto key = item.value("key", std::string());
      auto found = object->second.find(key);
      if (found == object->second.end()) {
        if (optional)
          continue;
        return unusable(volume_, (secret ? "references non-existent secret key: "
                                         : "references non-existent config key: ")
                                   + key);
      }
      files_.push_back({item.value("path", key), found->second, item.value("mode", mode_)});
    }
    return {};
  }

  result<void> add_fields(const json& source) {
    for (const auto& item : source.value("items", json::array())) {
      auto path = item.value("path", std::string());
      std::string text;
      if (item.contains("fieldRef")) {
        OR_RETURN(text,
                  field_of(pod_, item["fieldRef"].value("fieldPath", std::string()), around_));
      } else if (item.contains("resourceFieldRef")) {
        const auto& ref = item["resourceFieldRef"];
        from_resource what{ref.value("containerName", std::string()),
                           ref.value("resource", std::string()),
                           ref.value("divisor", std::string())};
        if (pod_.containers.empty())
          return unusable(volume_, "the pod has no container");
        OR_RETURN(text, resource_of(pod_, pod_.containers.front(), what, around_));
      }
      files_.push_back({path, std::move(text), item.value("mode", mode_)});
    }
    return {};
  }

  const pod& pod_;
  const volume& volume_;
  const references& known_;
  const surroundings& around_;
  std::uint32_t mode_ = 0644;
  std::vector<file_to_write> files_;
};

bool shows_content(const volume& v) {
  return v.source == "configMap" || v.source == "secret" || v.source == "downwardAPI"
         || v.source == "projected";
}

} // namespace

result<std::vector<content_to_show>> contents_of(const pod& p, const node_facts& node,
                                                 const references& known,
                                                 const std::vector<std::string>& addresses) {
  surroundings around{node.name, node.address, addresses, node.allocatable};
  std::vector<content_to_show> out;
  for (const auto& v : p.volumes)
    if (shows_content(v)) {
      OR_RETURN(auto files, gatherer(p, v, known, around).run());
      out.push_back({volume_directory(p, v, node), std::move(files)});
    }
  return out;
}

result<preparation> preparation_of(const pod& p, const node_facts& node, const references& known,
                                   const std::vector<std::string>& addresses) {
  preparation out;
  out.directories.push_back({pod_directory(p, node), 0750});
  out.directories.push_back({pod_directory(p, node) + "/volumes", 0750});
  out.directories.push_back({log_directory(p, node)});
  for (const auto* list : {&p.init, &p.containers})
    for (const auto& c : *list)
      out.directories.push_back({log_directory(p, node) + "/" + c.name});
  for (const auto& v : p.volumes) {
    auto path = volume_directory(p, v, node);
    if (v.source == "hostPath") {
      out.paths.push_back({path, v.host_path_type});
    } else if (v.source == "emptyDir") {
      out.directories.push_back(
        {path, 0777, v.medium == "Memory", v.size_limit, p.fs_group.value_or(-1)});
    } else if (!shows_content(v)) {
      return failure{.reason = reason::method_not_allowed,
                     .message = "volume \"" + v.name + "\" is of the kind " + v.source
                                + ", which this kubelet does not support yet"};
    }
  }
  OR_RETURN(out.contents, contents_of(p, node, known, addresses));
  out.files.push_back({pod_directory(p, node) + "/etc-hosts", hosts_text(p, node, addresses)});
  return out;
}

remains remains_of(const pod& p, const node_facts& node) {
  return {{pod_directory(p, node), log_directory(p, node)}, {cgroup_of(p, node)}};
}

} // namespace troupe::kubelet
