#include "actors/storage/identity.hpp"

#include <charconv>
#include <optional>

namespace troupe::storage {
namespace {

std::string name_in(const std::string& directory) { return directory + "/identity"; }

/// The number behind `key` at the text's front, up to the end of the line.
std::optional<std::uint64_t> take_line(std::string_view& text, std::string_view key, int base) {
  std::uint64_t out = 0;
  if (!text.starts_with(key))
    return std::nullopt;
  text.remove_prefix(key.size());
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  auto used = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || used >= text.size() || text[used] != '\n')
    return std::nullopt;
  text.remove_prefix(used + 1);
  return out;
}

std::string hex(std::uint64_t n) {
  char digits[17] = {};
  auto* end = std::to_chars(digits, digits + 16, n, 16).ptr;
  return std::string(digits, end);
}

} // namespace

result<void> save_identity(wal::file_layer& files, const std::string& directory,
                           const store_identity& what) {
  auto fresh = name_in(directory) + ".new";
  OR_RETURN(auto file, files.create(fresh, 0));
  CHECK_RETURN(file->write_at(0, "troupe store format " + std::to_string(what.format) + "\ngroup "
                                   + hex(what.group) + "\n"));
  CHECK_RETURN(file->sync());
  CHECK_RETURN(files.rename(fresh, name_in(directory)));
  return files.sync_directory(directory);
}

result<store_identity> open_identity(wal::file_layer& files, const std::string& directory) {
  auto file = files.open(name_in(directory));
  if (!file && file.error().reason == reason::not_found) {
    CHECK_RETURN(save_identity(files, directory, {}));
    return store_identity{};
  }
  if (!file)
    return std::move(file).error();
  OR_RETURN(auto size, (*file)->size());
  OR_RETURN(auto bytes, (*file)->read_at(0, size));
  std::string_view text{bytes};
  auto format = take_line(text, "troupe store format ", 10);
  if (format && *format > store_format)
    return failure{.reason = reason::invalid,
                   .message = "open the store in " + directory + ": it is of format "
                              + std::to_string(*format) + ", written by a newer troupe; this one "
                              + "knows formats up to " + std::to_string(store_format)};
  auto group = take_line(text, "group ", 16);
  if (!format || *format == 0 || !group || !text.empty())
    return failure{.reason = reason::internal, .message = name_in(directory) + " is damaged"};
  return store_identity{.format = static_cast<std::uint32_t>(*format), .group = *group};
}

} // namespace troupe::storage
