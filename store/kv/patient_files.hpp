// RocksDB's files on a disk that may be full: they wait for room instead of failing.
//
// Debian's RocksDB 7.8 is built with its assertions, and one of them ends the process when a file
// is written again after a write to it has failed. So none fails for room: a flush that has begun
// is finished when there is some. The rows that wait are in memory, and in Raft's log.
#pragma once

#include "config/base/clock.hpp"

#include <rocksdb/env.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::store {

/// Free bytes of the file system that `path` is on, for this process.
using room_of = std::function<std::uint64_t(const std::string& path)>;
room_of free_room();

/// Who waits for room. Used from RocksDB's threads.
class patience {
public:
  /// Bytes that stay free after every write: others fill the disk between a look and a write.
  static constexpr std::uint64_t margin = 1U << 20U;

  patience(room_of room, duration look_every) : room_(std::move(room)), look_every_(look_every) {}

  /// Returns when `path` has room for `bytes` more, or after end().
  void wait(const std::string& path, std::uint64_t bytes);
  /// Nobody waits any more: what finds no room fails, and the process may end. For closing.
  void end();
  /// Whether somebody waits, and would wait on.
  bool short_of_room() const;

private:
  room_of room_;
  duration look_every_;
  mutable std::mutex lock_;
  std::condition_variable ended_;
  bool over_ = false;
  std::size_t waiting_ = 0;
  std::string wanted_at_; // by the last who began to wait
  std::uint64_t wanted_ = 0;
};

/// The real files, patient.
std::unique_ptr<rocksdb::Env> patient_files(std::shared_ptr<patience> with);

} // namespace troupe::store
