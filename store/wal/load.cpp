// Reading old entries while the writer goes on.
#include "store/wal/open_log.hpp"

#include <algorithm>

namespace troupe::wal {

namespace {

// Reads records one after the other, mostly from one piece of a segment.
class record_reader {
public:
  record_reader(std::shared_ptr<file> bytes, std::uint64_t number)
      : bytes_(std::move(bytes)), number_(number) {}

  std::uint64_t number() const { return number_; }

  result<std::optional<raft::entry>> entry_at(std::uint64_t offset) {
    constexpr std::uint64_t piece = 256U << 10;
    CHECK_RETURN(ensure(offset, record_header_bytes, piece));
    auto size = claimed_length(offset);
    CHECK_RETURN(ensure(offset, size, std::max(size, piece)));
    auto r = read_record(have_, offset - from_, number_);
    return r && r->kind == record_kind::entry ? decode_entry(r->payload) : std::nullopt;
  }

private:
  // As the header says, without asking that the record is wholly in `have_`.
  std::uint64_t claimed_length(std::uint64_t offset) const {
    if (offset - from_ + record_header_bytes > have_.size())
      return record_header_bytes;
    std::uint64_t n = 0;
    for (std::size_t i = 4; i-- > 0;)
      n = (n << 8) | static_cast<unsigned char>(have_[offset - from_ + 8 + i]);
    return record::padded(n);
  }
  result<void> ensure(std::uint64_t offset, std::uint64_t least, std::uint64_t wanted) {
    if (offset >= from_ && offset + least <= from_ + have_.size())
      return {};
    OR_RETURN(have_, bytes_->read_at(offset, wanted));
    from_ = offset;
    return {};
  }

  std::shared_ptr<file> bytes_;
  std::uint64_t number_;
  std::uint64_t from_ = 0;
  std::string have_;
};

} // namespace

result<std::vector<raft::entry>> open_log::load(log_index from, log_index to,
                                                std::uint64_t max_bytes) const {
  // Places are taken by thousands under the lock; the files are read without it. A segment given
  // back meanwhile keeps its file open here, and its new records fail the check of their number.
  constexpr std::uint64_t most = 4096;
  std::vector<place> places;
  std::vector<segment> files;
  {
    std::lock_guard guard{mutex_};
    auto first = start_.at.index + 1;
    if (from < first || from > to || from - first >= places_.size())
      return std::vector<raft::entry>{};
    auto count = std::min({to - from + 1, places_.size() - (from - first), most});
    auto begin = places_.begin() + static_cast<std::ptrdiff_t>(from - first);
    places.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    files.assign(segments_.begin(), segments_.end());
  }
  std::vector<raft::entry> out;
  std::optional<record_reader> reader;
  std::uint64_t bytes = 0;
  for (const auto& at : places) {
    if (!reader || reader->number() != at.segment) {
      auto file = std::find_if(files.begin(), files.end(),
                               [&](const segment& s) { return s.number == at.segment; });
      invariant(file != files.end(), "an entry's place is in a segment of the log");
      reader.emplace(file->bytes, at.segment);
    }
    OR_RETURN(auto e, reader->entry_at(at.offset));
    if (!e || e->index != from + out.size()) {
      std::lock_guard guard{mutex_};
      if (from + out.size() <= start_.at.index)
        return out; // cut off in the meantime
      return in_file(at.segment, {.reason = reason::internal,
                                  .message = "damaged at offset " + std::to_string(at.offset)});
    }
    bytes += e->weight();
    if (bytes > max_bytes && !out.empty())
      break;
    out.push_back(*std::move(e));
  }
  return out;
}

} // namespace troupe::wal
