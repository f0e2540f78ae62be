// A stream of watchers on one master. Inside actors/bench only.
#pragma once

#include "actors/bench/linked.hpp"
#include "actors/bench/store_target.hpp"
#include "actors/storage/raw_watch.hpp"
#include "store/watch/relay_reader.hpp"

#include <atomic>
#include <unordered_map>

namespace troupe::bench {

/// Begins with start(); goes on until it is stopped or fails. Its linked process outlives it.
class watch_stream : public std::enable_shared_from_this<watch_stream> {
public:
  watch_stream(linked& by, storage::raw_watch_actor on, watch_order what)
      : by_(by), on_(std::move(on)), what_(std::move(what)) {}

  void start(finish started);
  /// Nothing is told any more; the master forgets the stream.
  void stop();

private:
  void join(const finish& started);
  void joined(const storage::raw_followed* answer, const finish& started);
  void next();
  void take(const storage::raw_changes* answer);
  void broke(const std::string& why);

  linked& by_;
  storage::raw_watch_actor on_;
  watch_order what_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> stream_{0};
  // On the links' thread only:
  std::unordered_map<store::follower_id, std::size_t> watchers_;
  bool failed_ = false;
  store::relay_listener to_;
};

} // namespace troupe::bench
