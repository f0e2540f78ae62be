// What relay::take() gives, read back. Pure.
#pragma once

#include "store/watch/relay.hpp"

#include <functional>

namespace troupe::store {

/// One change as it travels; the views last as long as the bytes that were read.
struct relayed_change {
  revision at{};
  bool erased = false;
  bool last = true; // closes its transaction's range
  revision created{};
  std::string_view key;
  std::string_view value; // of a put
};

struct relay_listener {
  /// In order, each once.
  std::function<void(follower_id, const relayed_change&)> on_change;
  /// Every change up to there is delivered. May be empty.
  std::function<void(follower_id, revision)> on_mark{};
  /// It fell too far behind, or the subscription broke: nothing follows. May be empty.
  std::function<void(follower_id)> on_gone{};
};

/// Fails with bad_request on bytes that relay cannot have written; what came before was delivered.
result<void> read_relayed(std::string_view bytes, const relay_listener& to);

} // namespace troupe::store
