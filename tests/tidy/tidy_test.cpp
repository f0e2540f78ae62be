// House rules that a reader would otherwise have to watch: lengths, who includes whom, banned
// names.
#include "tests/tidy/source_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace troupe::tidy {
namespace {

bool is_code(const source& file) { return file.extension() == "cpp" || file.extension() == "hpp"; }

bool is_ours(const source& file) {
  static const std::set<std::string_view> folders = {"config", "store", "runtime", "netd",
                                                     "actors", "tests", "examples"};
  return folders.contains(file.top());
}

/// design.md section 2: nothing points left or sideways.
const std::map<std::string_view, std::set<std::string_view>> may_include = {
  {"config", {"config"}},
  {"store", {"config", "store"}},
  {"runtime", {"config", "runtime"}},
  {"netd", {"config", "netd"}},
  {"actors", {"config", "store", "runtime", "netd", "actors"}},
  {"tests", {"config", "store", "runtime", "netd", "actors", "tests"}},
};

/// Parts of actors/ that speak the API protocol only and never see the store.
const std::set<std::string> storeless = {"actors/controllers", "actors/scheduler", "actors/kubelet",
                                         "actors/lease",       "actors/network",   "actors/client"};

struct ban {
  std::string_view text;
  std::string_view where;       // folder whose files may not hold it; empty: all of ours
  std::set<std::string> except; // files or parts that may
  std::string_view instead;
};

const std::vector<ban> bans = {
  {"std::random_device", "", {"actors/main"}, "a random_source with a seed from the process"},
  {"sleep_for", "", {"tests/bench"}, "wait for an event"},
  {"#include <caf/", "config", {}, "CAF belongs to actors/"},
  {"#include <caf/", "store", {}, "CAF belongs to actors/"},
  {"#include <caf/", "runtime", {}, "CAF belongs to actors/"},
  {"#include <caf/", "netd", {}, "CAF belongs to actors/"},
  {"using namespace std;", "", {}, "names with std::"},
};

TEST_CASE("tidy: a file has at most 600 lines") {
  for (const auto& file : sources())
    if (is_ours(file) && is_code(file)) {
      INFO(file.path, " has ", file.lines.size(), " lines: split it by subject");
      CHECK(file.lines.size() <= 600);
    }
}

TEST_CASE("tidy: a line has at most 120 columns, no tab and no blank at its end") {
  for (const auto& file : sources()) {
    if (!is_ours(file) || !is_code(file))
      continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      INFO(file.path, ":", i + 1);
      auto columns =
        std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      CHECK((columns <= 120 || line.find("R\"") != std::string::npos));
      CHECK((line.empty() || (line.back() != ' ' && line.back() != '\r')));
      CHECK(line.find('\t') == std::string::npos);
    }
  }
}

TEST_CASE("tidy: a folder includes only what the folder table allows") {
  for (const auto& file : sources()) {
    if (!is_code(file) || !may_include.contains(file.top()))
      continue;
    const auto& allowed = may_include.at(file.top());
    for (const auto& header : own_includes(file)) {
      auto slash = header.find('/');
      if (slash == std::string::npos)
        continue; // generated beside the source
      auto top = std::string_view{header}.substr(0, slash);
      if (!may_include.contains(top))
        continue;
      INFO(file.path, " includes ", header);
      CHECK(allowed.contains(top));
      CHECK_FALSE((storeless.contains(file.part()) && top == "store"));
    }
  }
}

TEST_CASE("tidy: banned names stay out") {
  for (const auto& file : sources()) {
    if (!is_ours(file) || !is_code(file) || file.in("tests/tidy"))
      continue;
    for (const auto& rule : bans) {
      if (!rule.where.empty() && !file.in(rule.where))
        continue;
      if (rule.except.contains(file.part()) || rule.except.contains(file.path))
        continue;
      for (std::size_t i = 0; i < file.lines.size(); ++i) {
        INFO(file.path, ":", i + 1, " holds ", rule.text, "; instead: ", rule.instead);
        CHECK(file.lines[i].find(rule.text) == std::string::npos);
      }
    }
  }
}

TEST_CASE("tidy: ARCHITECTURE.md names every second-level folder, and only folders that exist") {
  std::set<std::string> named;
  for (const auto& file : sources()) {
    if (file.path != "ARCHITECTURE.md")
      continue;
    for (const auto& line : file.lines) {
      // A row of the code map: | `store/raft` | ...
      if (!line.starts_with("| `"))
        continue;
      auto end = line.find('`', 3);
      auto path = line.substr(3, end - 3);
      if (path.ends_with('/'))
        path.pop_back();
      named.insert(path);
      INFO("ARCHITECTURE.md names ", path);
      CHECK(folder_exists(path));
    }
  }
  REQUIRE(!named.empty());
  for (const auto& file : sources()) {
    if (!is_code(file) || !is_ours(file) || file.top() == "tests" || file.top() == "examples")
      continue;
    if (file.part() == file.top())
      continue; // lies beside the parts, as actors/pch.hpp does
    INFO(file.path, ": its folder is missing from the code map of ARCHITECTURE.md");
    CHECK(named.contains(file.part()));
  }
}

} // namespace
} // namespace troupe::tidy
