// The project's own text files, read once for the checks of tests/tidy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::tidy {

struct source {
  std::string path; // relative to the root, with '/'
  std::vector<std::string> lines;

  std::string_view top() const;  // "store"
  std::string part() const;      // "store/raft"
  std::string extension() const; // "cpp"
  bool in(std::string_view folder) const;
};

/// Every file below the root that git would track and that is code, script or document.
const std::vector<source>& sources();

/// The headers of ours (quoted includes) that the file names.
std::vector<std::string> own_includes(const source& file);

/// True when the folder exists below the root.
bool folder_exists(std::string_view path);

} // namespace troupe::tidy
