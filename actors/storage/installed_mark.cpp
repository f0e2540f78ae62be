#include "actors/storage/installed_mark.hpp"

#include "store/wal/crc32c.hpp"
#include "store/wal/record.hpp"

namespace troupe::storage {
namespace {

std::string name_in(const std::string& directory) { return directory + "/installed"; }

std::string checksum(std::string_view bytes) {
  auto sum = wal::crc32c(bytes);
  std::string out;
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>((sum >> shift) & 0xff));
  return out;
}

} // namespace

result<void> save_mark(wal::file_layer& files, const std::string& directory,
                       const raft::snapshot_mark& mark) {
  auto fresh = name_in(directory) + ".new";
  auto bytes = wal::encode(mark);
  OR_RETURN(auto file, files.create(fresh, 0));
  CHECK_RETURN(file->write_at(0, checksum(bytes) + bytes));
  CHECK_RETURN(file->sync());
  CHECK_RETURN(files.rename(fresh, name_in(directory)));
  return files.sync_directory(directory);
}

result<std::optional<raft::snapshot_mark>> load_mark(wal::file_layer& files,
                                                     const std::string& directory) {
  auto file = files.open(name_in(directory));
  if (!file && file.error().reason == reason::not_found)
    return std::optional<raft::snapshot_mark>{};
  if (!file)
    return std::move(file).error();
  OR_RETURN(auto size, (*file)->size());
  OR_RETURN(auto bytes, (*file)->read_at(0, size));
  auto mark = bytes.size() < 4 ? std::nullopt : wal::decode_mark(std::string_view{bytes}.substr(4));
  if (!mark || bytes.substr(0, 4) != checksum(std::string_view{bytes}.substr(4)))
    return failure{.reason = reason::internal, .message = name_in(directory) + " is damaged"};
  return mark;
}

} // namespace troupe::storage
