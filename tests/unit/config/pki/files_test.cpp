#include "config/pki/files.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::pki {
namespace {

struct folder {
  std::filesystem::path path;
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-files-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~folder() { std::filesystem::remove_all(path); }
};

unsigned mode_of(const std::filesystem::path& path) {
  struct stat about {};
  REQUIRE(stat(path.c_str(), &about) == 0);
  return about.st_mode & 0777;
}

TEST_CASE("files: a secret is for its owner only, and so are the directories made for it") {
  folder dir;
  REQUIRE(write_file(dir.path / "a/b/ca.key", "k", secrecy::secret).has_value());
  REQUIRE(write_file(dir.path / "a/b/ca.crt", "c", secrecy::open).has_value());
  CHECK(mode_of(dir.path / "a/b/ca.key") == 0600);
  CHECK((mode_of(dir.path / "a/b/ca.crt") & 0600) == 0600);
  CHECK(mode_of(dir.path / "a/b") == 0700);
  CHECK(*read_secret_file(dir.path / "a/b/ca.key") == "k");
}

TEST_CASE("files: writing again replaces, and leaves nothing beside") {
  folder dir;
  REQUIRE(write_file(dir.path / "x", "long content", secrecy::secret).has_value());
  REQUIRE(write_file(dir.path / "x", "short", secrecy::secret).has_value());
  CHECK(*read_file(dir.path / "x") == "short");
  CHECK(std::distance(std::filesystem::directory_iterator{dir.path}, {}) == 1);
}

TEST_CASE("files: a secret that others may read is refused") {
  folder dir;
  REQUIRE(write_file(dir.path / "x", "s", secrecy::open).has_value());
  CHECK(read_secret_file(dir.path / "x").error().reason == reason::forbidden);
}

TEST_CASE("files: what is not there or too long says so") {
  folder dir;
  CHECK(read_file(dir.path / "none").error().reason == reason::not_found);
  REQUIRE(write_file(dir.path / "x", std::string(100, 'x'), secrecy::open).has_value());
  CHECK(read_file(dir.path / "x", 99).error().reason == reason::too_large);
  CHECK(read_file(dir.path / "x", 100)->size() == 100);
}

} // namespace
} // namespace troupe::pki
