// image: archives onto the nodes, for clusters without a registry.
#include "actors/main/commands/cluster.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace troupe::program {

result<int> image_import_command(const common_options& common,
                                 const std::vector<std::string>& files) {
  OR_RETURN(auto cluster, cluster_client::open(common));
  for (const auto& file : files)
    for (const auto& p : cluster.state().processes) {
      if (p.kind != "node" || p.pid == 0)
        continue;
      auto path = std::filesystem::absolute(file).lexically_normal().string();
      auto done = cluster.post(p, "/troupe/import?file=" + path, 60s);
      if (!done)
        return failure{.reason = done.error().reason,
                       .message = "put " + file + " on " + p.name + ": " + done.error().message};
    }
  return 0;
}

} // namespace troupe::program
