#include "netd/host/sysctl.hpp"

#include <cerrno>
#include <fstream>

namespace troupe::host {

result<std::string> read_sysctl(const std::string& path) {
  std::ifstream in("/proc/sys/" + path);
  std::string value;
  if (!std::getline(in, value))
    return system_failure("read the kernel setting " + path, errno);
  return value;
}

result<void> write_sysctl(const std::string& path, const std::string& value) {
  std::ofstream out("/proc/sys/" + path);
  out << value << std::flush;
  if (!out)
    return system_failure("set the kernel setting " + path + " to " + value, errno);
  return {};
}

} // namespace troupe::host
