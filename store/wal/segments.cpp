// The files of a log.
#include "store/wal/segments.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace troupe::wal {

namespace {

constexpr std::string_view log_suffix = ".log";
constexpr std::string_view spare_suffix = ".spare";

std::string hex(std::uint64_t n) {
  char text[17] = {};
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(n));
  return text;
}

std::optional<std::uint64_t> number_in(const std::string& name, std::string_view suffix) {
  std::uint64_t n = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), n, 16);
  if (error != std::errc{} || std::string_view{end} != suffix)
    return std::nullopt;
  return n;
}

} // namespace

segment_store::segment_store(std::shared_ptr<file_layer> files, const options& o)
    : files_(std::move(files)), options_(o) {}

std::string segment_store::path(std::uint64_t number) const {
  return options_.directory + "/" + hex(number) + std::string{log_suffix};
}

result<std::vector<std::uint64_t>> segment_store::start() {
  CHECK_RETURN(files_->make_directory(options_.directory));
  OR_RETURN(lock_, files_->lock(options_.directory + "/lock"));
  OR_RETURN(auto names, files_->list(options_.directory));
  std::vector<std::uint64_t> numbers;
  for (const auto& name : names) {
    if (auto n = number_in(name, log_suffix)) {
      numbers.push_back(*n);
    } else if (name.ends_with(spare_suffix)) {
      CHECK_RETURN(adopt(name));
    } else if (name.ends_with(".new")) { // died while making a spare
      CHECK_RETURN(files_->remove(options_.directory + "/" + name));
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

result<void> segment_store::adopt(const std::string& name) {
  auto where = options_.directory + "/" + name;
  OR_RETURN(auto bytes, files_->open(where));
  OR_RETURN(auto size, bytes->size());
  auto number = number_in(name, spare_suffix);
  if (!number || size != options_.segment_bytes || spares_.size() >= options_.spare_segments)
    return files_->remove(where);
  next_spare_ = std::max(next_spare_, *number + 1);
  spares_.push_back(where);
  return {};
}

result<segment> segment_store::open(std::uint64_t number) const {
  OR_RETURN(auto bytes, files_->open(path(number)));
  OR_RETURN(auto size, bytes->size());
  return segment{number, std::move(bytes), size};
}

result<std::string> segment_store::make_spare() {
  auto name = [&] {
    std::lock_guard guard{mutex_};
    return options_.directory + "/" + hex(next_spare_++);
  }();
  OR_RETURN(auto made, files_->create(name + ".new", options_.segment_bytes));
  CHECK_RETURN(files_->rename(name + ".new", name + std::string{spare_suffix}));
  return name + std::string{spare_suffix};
}

result<void> segment_store::provide(std::uint64_t count) {
  while (true) {
    {
      std::lock_guard guard{mutex_};
      if (spares_.size() >= count)
        return {};
    }
    OR_RETURN(auto spare, make_spare());
    std::lock_guard guard{mutex_};
    spares_.push_back(std::move(spare));
  }
}

result<segment> segment_store::begin(const segment_header& header) {
  CHECK_RETURN(provide(1));
  auto spare = [&] {
    std::lock_guard guard{mutex_};
    auto taken = std::move(spares_.front());
    spares_.pop_front();
    return taken;
  }();
  OR_RETURN(auto bytes, files_->open(spare));
  OR_RETURN(auto size, bytes->size());
  auto complete = header;
  complete.size = size;
  CHECK_RETURN(bytes->write_at(0, encode(complete)));
  CHECK_RETURN(bytes->sync());
  CHECK_RETURN(files_->rename(spare, path(header.number)));
  CHECK_RETURN(files_->sync_directory(options_.directory));
  return segment{header.number, std::move(bytes), size};
}

result<void> segment_store::give_back(const std::vector<std::uint64_t>& numbers) {
  for (auto n : numbers) {
    std::unique_lock guard{mutex_};
    bool keep = spares_.size() < options_.spare_segments;
    auto spare = options_.directory + "/" + hex(next_spare_++) + std::string{spare_suffix};
    guard.unlock();
    if (!keep) {
      CHECK_RETURN(files_->remove(path(n)));
      continue;
    }
    CHECK_RETURN(files_->rename(path(n), spare));
    guard.lock();
    spares_.push_back(std::move(spare));
  }
  // Before any of them is written again: else a crash could bring its old name back with a new
  // header.
  return numbers.empty() ? result<void>{} : files_->sync_directory(options_.directory);
}

} // namespace troupe::wal
