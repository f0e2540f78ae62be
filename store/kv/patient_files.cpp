#include "store/kv/patient_files.hpp"

#include <rocksdb/file_system.h>

#include <limits>
#include <sys/statvfs.h>

namespace troupe::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using file = std::unique_ptr<rocksdb::FSWritableFile>;

class patient_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  patient_file(file of, std::string path, std::shared_ptr<patience> with)
      : FSWritableFileOwnerWrapper(std::move(of)), path_(std::move(path)), with_(std::move(with)) {}

  IOStatus Append(const Slice& data, const IOOptions& how, IODebugContext* debug) override {
    with_->wait(path_, data.size());
    return target()->Append(data, how, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& how, const rocksdb::DataVerificationInfo& sum,
                  IODebugContext* debug) override {
    with_->wait(path_, data.size());
    return target()->Append(data, how, sum, debug);
  }

private:
  std::string path_;
  std::shared_ptr<patience> with_;
};

class patient_file_system final : public rocksdb::FileSystemWrapper {
public:
  explicit patient_file_system(std::shared_ptr<patience> with)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), with_(std::move(with)) {}

  const char* Name() const override { return "troupe.patient_files"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& how, file* out,
                           IODebugContext* debug) override {
    with_->wait(parent(path), 0);
    return wrap(target()->NewWritableFile(path, how, out, debug), path, out);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& how, file* out,
                              IODebugContext* debug) override {
    with_->wait(parent(path), 0);
    return wrap(target()->ReopenWritableFile(path, how, out, debug), path, out);
  }
  IOStatus ReuseWritableFile(const std::string& path, const std::string& old,
                             const FileOptions& how, file* out, IODebugContext* debug) override {
    return wrap(target()->ReuseWritableFile(path, old, how, out, debug), path, out);
  }

private:
  static std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

  IOStatus wrap(IOStatus status, const std::string& path, file* out) {
    if (status.ok())
      *out = std::make_unique<patient_file>(std::move(*out), path, with_);
    return status;
  }

  std::shared_ptr<patience> with_;
};

} // namespace

room_of free_room() {
  return [](const std::string& path) {
    struct statvfs about {};
    if (::statvfs(path.c_str(), &about) != 0)
      return std::numeric_limits<std::uint64_t>::max(); // the write itself says what is wrong
    return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
  };
}

void patience::wait(const std::string& path, std::uint64_t bytes) {
  if (room_(path) >= bytes + margin)
    return;
  std::unique_lock guard{lock_};
  ++waiting_;
  wanted_at_ = path;
  wanted_ = bytes + margin;
  while (!over_ && room_(path) < bytes + margin)
    ended_.wait_for(guard, look_every_);
  --waiting_;
}

void patience::end() {
  std::lock_guard guard{lock_};
  over_ = true;
  ended_.notify_all();
}

bool patience::short_of_room() const {
  std::lock_guard guard{lock_};
  return waiting_ > 0 && room_(wanted_at_) < wanted_;
}

std::unique_ptr<rocksdb::Env> patient_files(std::shared_ptr<patience> with) {
  return rocksdb::NewCompositeEnv(std::make_shared<patient_file_system>(std::move(with)));
}

} // namespace troupe::store
