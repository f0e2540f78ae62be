#include "tests/tidy/source_tree.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace troupe::tidy {
namespace fs = std::filesystem;
namespace {

const fs::path root{TROUPE_SOURCE_DIR};

bool is_text(const fs::path& path) {
  static constexpr std::array known = {".cpp", ".hpp",   ".c",   ".py",
                                       ".md",  ".cmake", ".txt", ".proto"};
  for (const auto* extension : known)
    if (path.extension() == extension)
      return true;
  return false;
}

std::vector<source> read_all() {
  std::vector<source> out;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
       ++it) {
    auto name = it->path().filename().string();
    if (it->is_directory()) {
      if (name.starts_with(".") || name == "build" || name == "node_modules")
        it.disable_recursion_pending();
      continue;
    }
    if (!is_text(it->path()))
      continue;
    source file{.path = fs::relative(it->path(), root).generic_string(), .lines = {}};
    std::ifstream in(it->path());
    for (std::string line; std::getline(in, line);)
      file.lines.push_back(line);
    out.push_back(std::move(file));
  }
  return out;
}

} // namespace

std::string_view source::top() const { return std::string_view{path}.substr(0, path.find('/')); }

std::string source::part() const {
  auto first = path.find('/');
  auto second = first == std::string::npos ? first : path.find('/', first + 1);
  return second == std::string::npos ? std::string{top()} : path.substr(0, second);
}

std::string source::extension() const {
  auto dot = path.rfind('.');
  return dot == std::string::npos ? std::string{} : path.substr(dot + 1);
}

bool source::in(std::string_view folder) const {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const std::vector<source>& sources() {
  static const auto all = read_all();
  return all;
}

std::vector<std::string> own_includes(const source& file) {
  std::vector<std::string> out;
  for (const auto& line : file.lines) {
    constexpr std::string_view start = "#include \"";
    if (!line.starts_with(start))
      continue;
    auto end = line.find('"', start.size());
    if (end != std::string::npos)
      out.push_back(line.substr(start.size(), end - start.size()));
  }
  return out;
}

bool folder_exists(std::string_view path) { return fs::is_directory(root / path); }

} // namespace troupe::tidy
