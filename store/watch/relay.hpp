// Watches from other processes: many followers on few streams. A pure core; the host performs.
//
// Who follows the same keys from now on shares a feed: one subscription of the hub, whose changes
// are encoded once and kept, bounded by bytes, until the followers have taken them. A follower
// whose part was dropped is told that it is gone; it slows nobody. A stream takes what all its
// followers are to have in one answer, each follower its own copy.
//
//   relay all;
//   auto joined = all.follow(stream, {.prefix = "/pods/"});   // joined->fresh: begin its feed
//   all.started(joined->feed, at);
//   for (auto stream : all.add(joined->feed, changes, up_to)) answer(stream, all.take(stream));
#pragma once

#include "config/base/result.hpp"
#include "store/base/types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::store {

enum class feed_id : std::uint64_t {};
enum class stream_id : std::uint64_t {};
enum class follower_id : std::uint64_t {};

struct relay_limits {
  std::size_t feed_bytes = 8U << 20U;   // encoded changes that a feed keeps
  std::size_t answer_bytes = 1U << 20U; // of one answer; a single piece may exceed it alone
  std::size_t followers = 16'384;
};

/// What a follower wants.
struct followed_keys {
  std::string prefix;
  bool exact = false;            // only the key that equals `prefix`
  std::optional<revision> after; // nothing: from now on
};

class relay {
public:
  /// Ids are given from `first` on.
  explicit relay(std::uint64_t first = 1, const relay_limits& limits = {})
      : limits_(limits), next_(first) {}

  struct joined {
    stream_id stream{};
    follower_id who{};
    feed_id feed{};
    bool fresh = false; // the feed is new: the host begins it and says so by started() or lost()
  };
  /// A stream of 0 makes one. Fails with not_found for a stream that is unknown, too_many_requests.
  result<joined> follow(stream_id on, const followed_keys& what);
  /// Follower 0: the whole stream ends.
  void leave(stream_id on, follower_id who);

  /// Changes of the feed are all after `at`.
  void started(feed_id feed, revision at);
  /// Where followers of the feed begin who join now; nothing before it has started.
  std::optional<revision> begins_at(feed_id feed) const;
  /// The next changes; everything up to `up_to` is delivered then. Returns streams that have
  /// something to take and had nothing before.
  std::vector<stream_id> add(feed_id feed, std::span<const change_ptr> changes, revision up_to);
  /// The feed broke: its followers are gone. Returns as add().
  std::vector<stream_id> lost(feed_id feed);
  /// Feeds that nobody follows any more, forgotten with this call.
  std::vector<feed_id> unused();

  bool has(stream_id on) const { return streams_.contains(on); }
  bool pending(stream_id on) const;
  /// What the stream's followers are to have, encoded (relay_reader.hpp); with `marks`, also up to
  /// where those are who have everything. Followers that are told gone are forgotten.
  std::string take(stream_id on, bool marks = false);

  std::size_t followers() const { return followers_.size(); }
  std::size_t kept_bytes(feed_id feed) const;

private:
  struct piece {
    std::string text; // encoded changes
    std::uint32_t count = 0;
    revision up_to{};
  };
  struct feed {
    followed_keys what;
    std::optional<revision> up_to; // nothing before it has started
    bool over = false;
    std::uint64_t first = 0; // number of the first piece kept
    std::size_t bytes = 0;
    std::deque<piece> pieces;
    std::map<stream_id, std::size_t> streams; // how many followers on each
    std::uint64_t end() const { return first + pieces.size(); }
  };
  struct follower {
    stream_id stream{};
    feed_id of{};
    std::uint64_t position = 0; // number of the next piece
    revision told{};
  };
  struct stream {
    std::vector<follower_id> all;
    std::size_t turn = 0; // who is first to take, so that each has its turn
    bool dirty = false;
  };

  feed_id feed_for(const followed_keys& what, bool& fresh);
  std::vector<stream_id> mark(feed& of);
  void forget(follower_id who);
  bool take_of(follower_id who, bool marks, std::string& out);

  relay_limits limits_;
  std::uint64_t next_;
  std::map<feed_id, feed> feeds_;
  std::map<stream_id, stream> streams_;
  std::map<follower_id, follower> followers_;
};

} // namespace troupe::store
