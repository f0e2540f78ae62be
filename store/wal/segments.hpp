// The files of a log: segments in use, and spare ones that wait for their turn.
#pragma once

#include "store/wal/record.hpp"

#include <deque>
#include <mutex>

namespace troupe::wal {

struct segment {
  std::uint64_t number = 0;
  std::shared_ptr<file> bytes;
  std::uint64_t size = 0;
};

/// Names, creates and recycles segment files. A file that bears a segment's name has that segment's
/// header, durably: it is written before the renaming.
class segment_store {
public:
  segment_store(std::shared_ptr<file_layer> files, const options& o);

  /// Makes and locks the directory; puts spare files aside for use. The numbers of the segments
  /// that are there, ascending.
  result<std::vector<std::uint64_t>> start();
  result<segment> open(std::uint64_t number) const;
  std::string path(std::uint64_t number) const;

  /// Ensures `count` spares. Fails with `unavailable` on a full disk; nothing has changed then.
  result<void> provide(std::uint64_t count);
  /// Turns a spare into the segment of this header. The caller has synced the segment before it.
  result<segment> begin(const segment_header& header);
  /// Makes spares, or removes, the files of segments that are not needed any more.
  result<void> give_back(const std::vector<std::uint64_t>& numbers);

  std::uint64_t capacity() const { return options_.segment_bytes; }

private:
  result<std::string> make_spare();
  result<void> adopt(const std::string& name);

  std::shared_ptr<file_layer> files_;
  options options_;
  std::shared_ptr<void> lock_;
  std::mutex mutex_;               // of the spares: prepare() runs beside the writer
  std::deque<std::string> spares_; // paths
  std::uint64_t next_spare_ = 0;
};

} // namespace troupe::wal
