// A disk in memory that can lose its power.
#include "tests/support/memory_disk.hpp"

#include <algorithm>

namespace troupe::wal {

namespace {

constexpr std::size_t sector = 512;

failure no_power() { return {.reason = reason::internal, .message = "the power is gone"}; }
failure no_such(const std::string& path) {
  return {.reason = reason::not_found, .message = "there is no " + path};
}

} // namespace

class memory_file final : public file {
public:
  memory_file(std::shared_ptr<memory_disk> disk, std::shared_ptr<memory_disk::inode> node)
      : disk_(std::move(disk)), node_(std::move(node)) {}

  result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    bool powered = disk_->spend();
    if (!powered)
      bytes = bytes.substr(0, bytes.size() / 2);
    auto& now = node_->now;
    now.resize(std::max<std::size_t>(now.size(), offset + bytes.size()));
    now.replace(offset, bytes.size(), bytes);
    for (auto s = offset / sector; s * sector < offset + bytes.size(); ++s)
      node_->unsynced.insert(s);
    return powered ? result<void>{} : no_power();
  }
  result<std::string> read_at(std::uint64_t offset, std::uint64_t length) const override {
    return offset < node_->now.size() ? node_->now.substr(offset, length) : std::string{};
  }
  result<void> sync() override {
    if (!disk_->spend())
      return no_power();
    if (std::exchange(disk_->failing_, false)) {
      disk_->failed_ = true;
      node_->unsynced.clear();
      return failure{.reason = reason::internal, .message = "the sync failed"};
    }
    node_->durable.resize(node_->now.size());
    for (auto s : node_->unsynced)
      node_->durable.replace(s * sector, sector, node_->now, s * sector, sector);
    node_->unsynced.clear();
    return {};
  }
  result<std::uint64_t> size() const override { return node_->now.size(); }

private:
  std::shared_ptr<memory_disk> disk_;
  std::shared_ptr<memory_disk::inode> node_;
};

bool memory_disk::spend() {
  ++operations_;
  if (left_ == 0)
    return false;
  return --left_ > 0;
}

std::size_t memory_disk::power_cut(random_source& random) {
  std::size_t lost = 0;
  if (auto kept = random.below(directory_steps_.size() + 1); kept > 0)
    durable_names_ = directory_steps_[kept - 1];
  directory_steps_.clear();
  names_ = durable_names_;
  auto luck = random.below(4); // how much of what was not synced had been written: nothing to all
  for (auto& [path, node] : names_) {
    node->durable.resize(node->now.size());
    for (auto s : node->unsynced) {
      if (random.chance(luck, 3))
        node->durable.replace(s * sector, sector, node->now, s * sector, sector);
      else
        ++lost;
    }
    node->unsynced.clear();
    node->now = node->durable;
  }
  left_ = ~std::uint64_t{0};
  release_locks();
  return lost;
}

void memory_disk::spoil(const std::string& path, std::size_t at, std::string_view with) {
  auto& node = *names_.at(path);
  for (auto* copy : {&node.now, &node.durable})
    if (at + with.size() <= copy->size())
      copy->replace(at, with.size(), with);
}

std::map<std::string, std::string> memory_disk::contents() const {
  std::map<std::string, std::string> out;
  for (const auto& [path, node] : names_)
    out[path] = node->now;
  return out;
}

result<std::shared_ptr<file>> memory_disk::open(const std::string& path) {
  auto found = names_.find(path);
  if (found == names_.end())
    return no_such(path);
  return std::shared_ptr<file>{std::make_shared<memory_file>(shared_from_this(), found->second)};
}

result<std::shared_ptr<file>> memory_disk::create(const std::string& path, std::uint64_t size) {
  if (full_)
    return failure{.reason = reason::unavailable, .message = "no space left"};
  if (!spend())
    return no_power();
  auto node = std::make_shared<inode>();
  node->now = node->durable = std::string(size, '\0');
  names_[path] = node;
  directory_steps_.push_back(names_);
  return open(path);
}

result<void> memory_disk::rename(const std::string& from, const std::string& to) {
  if (!spend())
    return no_power();
  auto node = names_.extract(from);
  if (node.empty())
    return no_such(from);
  names_[to] = node.mapped();
  directory_steps_.push_back(names_);
  return {};
}

result<void> memory_disk::remove(const std::string& path) {
  if (!spend())
    return no_power();
  if (names_.erase(path) == 0)
    return no_such(path);
  directory_steps_.push_back(names_);
  return {};
}

result<std::vector<std::string>> memory_disk::list(const std::string& directory) {
  std::vector<std::string> out;
  for (const auto& [path, node] : names_) {
    if (path.starts_with(directory + "/"))
      out.push_back(path.substr(directory.size() + 1));
  }
  return out;
}

result<void> memory_disk::make_directory(const std::string&) { return {}; }

result<void> memory_disk::sync_directory(const std::string&) {
  if (!spend())
    return no_power();
  durable_names_ = names_;
  directory_steps_.clear();
  return {};
}

result<std::shared_ptr<void>> memory_disk::lock(const std::string& path) {
  if (!held_.expired())
    return failure{.reason = reason::conflict, .message = path + " is locked"};
  auto held = std::make_shared<int>(0);
  held_ = held;
  return std::shared_ptr<void>{held};
}

} // namespace troupe::wal
