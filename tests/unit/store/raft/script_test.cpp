// Every story in scripts/ must come out as it is written down; run with --rewrite after a
// deliberate change.
#include "script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace troupe;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool rewriting() { // doctest does not hand its arguments on
  return contents("/proc/self/cmdline").find("--rewrite") != std::string::npos;
}

} // namespace

TEST_CASE("scripts: every protocol story comes out as written") {
  std::vector<std::filesystem::path> stories;
  for (const auto& f :
       std::filesystem::directory_iterator(TROUPE_SOURCE_DIR "/tests/unit/store/raft/scripts")) {
    if (f.path().extension() == ".txt")
      stories.push_back(f.path());
  }
  std::sort(stories.begin(), stories.end());
  CHECK(stories.size() >= 15);
  for (const auto& story : stories) {
    INFO(story.filename().string());
    auto written = contents(story);
    std::string now;
    REQUIRE_NOTHROW(now = raft::script{}.run(written));
    if (rewriting())
      std::ofstream{story, std::ios::binary} << now;
    else
      CHECK(now == written);
  }
}
