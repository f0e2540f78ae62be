// `troupe convert`: objects from one encoding or version to another, without a cluster.
#include "actors/main/program.hpp"
#include "config/versions/manifest.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace troupe::program {
namespace {

result<std::string> read_all(const std::string& file) {
  auto all = [](std::istream& in) {
    return std::string{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  };
  if (file == "-")
    return all(std::cin);
  if (std::error_code unknown; std::filesystem::is_directory(file, unknown))
    return system_failure("reading " + file, EISDIR);
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return system_failure("reading " + file, errno);
  return all(in);
}

versions::encoding encoding_of(const std::string& name) {
  if (name == "protobuf")
    return versions::encoding::protobuf;
  return name == "json" ? versions::encoding::json : versions::encoding::yaml;
}

} // namespace

result<int> convert_command(const convert_options& o) {
  auto kinds = schema::built_in();
  std::vector<versions::manifest> all;
  for (const auto& file : o.files) {
    OR_RETURN(auto bytes, read_all(file));
    auto read = versions::read_manifests(*kinds, bytes);
    if (!read)
      return failure{.reason = read.error().reason,
                     .message = "reading " + file + ": " + read.error().message};
    for (auto& m : *read)
      all.push_back(std::move(m));
  }
  if (!o.version.empty())
    for (auto& m : all)
      CHECK_RETURN(versions::to_version(*kinds, m, o.version));
  OR_RETURN(auto text, versions::write_manifests(*kinds, std::move(all), encoding_of(o.format)));
  std::cout.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
  if (!std::cout)
    return failure{.reason = reason::internal, .message = "writing the result: the output failed"};
  return 0;
}

} // namespace troupe::program
