// How far RocksDB's flushes have come.
#pragma once

#include "store/kv/patient_files.hpp"

#include <rocksdb/listener.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace troupe::store {

/// What the files hold: told by RocksDB's threads, so that a flush is waited for only as long as it
/// can go on, and the durable applied index is read from the files only when it can have changed.
class flush_watch : public rocksdb::EventListener {
public:
  std::uint64_t flushes() const { return flushes_; }

  /// All rows up to `last` are in the files: those that were there when it was opened.
  void begin(rocksdb::SequenceNumber last) {
    std::lock_guard guard{lock_};
    durable_ = last;
  }
  /// Before a flush is asked for.
  void forget_error() {
    std::lock_guard guard{lock_};
    error_ = rocksdb::Status::OK();
  }
  /// Until the files hold `target`, a flush has failed or somebody waits for room.
  rocksdb::Status wait(rocksdb::SequenceNumber target, const patience& room) {
    return wait_until([&] { return durable_ >= target; }, room);
  }
  /// Until more than `ended` flushes have ended; likewise.
  rocksdb::Status wait_for_another(std::uint64_t ended, const patience& room) {
    return wait_until([&] { return flushes_ > ended; }, room);
  }

  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& job) override {
    ++flushes_;
    std::lock_guard guard{lock_};
    durable_ = std::max(durable_, job.largest_seqno);
    changed_.notify_all();
  }
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* why) override {
    std::lock_guard guard{lock_};
    error_ = *why;
    changed_.notify_all();
  }

private:
  template <class F> rocksdb::Status wait_until(const F& holds, const patience& room) {
    std::unique_lock guard{lock_};
    while (!holds() && error_.ok()) {
      if (room.short_of_room())
        return rocksdb::Status::NoSpace("the disk has no room for what is in memory");
      changed_.wait_for(guard, std::chrono::milliseconds{20});
    }
    return error_;
  }

  std::atomic<std::uint64_t> flushes_{1};
  std::mutex lock_;
  std::condition_variable changed_;
  rocksdb::SequenceNumber durable_ = 0;
  rocksdb::Status error_;
};

} // namespace troupe::store
