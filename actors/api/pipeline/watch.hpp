// A watch as a value: what it selects, and which event a change is to it.
#pragma once

#include "config/api/request.hpp"
#include "config/api/selector.hpp"
#include "config/base/result.hpp"
#include "config/schema/schema.hpp"
#include "store/base/view.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::pipeline {

struct watch_plan {
  schema::catalog_ptr held; // keeps `of` alive; null for built-in kinds
  const schema::resource* of = nullptr;
  std::string prefix; // of the keys, ends with '/', or one whole key when `single`
  bool single = false;
  api::label_selector labels;
  api::field_selector fields;
  revision start{};         // changes after it are events
  bool initial = false;     // first an added event for each object at `start`
  bool initial_end = false; // ... then the bookmark that ends them, for those who know bookmarks
  bool bookmarks = false;
  duration timeout{}; // 0: the server's own choice
  api::wanted answer;

  bool wants(std::string_view key) const {
    return single ? key == prefix : key.substr(0, prefix.size()) == prefix;
  }
};

/// A change with its objects read once, for all the watches that see it.
struct seen_change {
  revision at{};
  std::string key;
  api::object_ptr now;    // null: deleted
  api::object_ptr before; // null: created
  bool last = true;
};
/// Fails on a record that is not an object.
result<seen_change> see(const store::change& c);

/// The event that a change is to a watch; nothing when it does not concern it. An object that
/// enters the selection is ADDED, one that leaves it DELETED; a deleted object carries the new
/// revision.
std::optional<api::event> event_of(const seen_change& c, const watch_plan& plan);

/// The synthetic events of a watch that starts with the state, at most about `most` at a time: an
/// ADDED for each selected object, then the bookmark that ends them when the plan wants it. `view`
/// is the one prepare() was given. `from` is where to go on, empty at first; true: there are more.
bool initial_events(const store::view& view, const watch_plan& plan, std::string& from,
                    std::size_t most, const std::function<void(api::event)>& emit);

api::event bookmark(revision at);

/// One event as the client asked for it, with the framing of its media type (JSON: one line).
/// The bytes depend only on the event and `plan.of` and `plan.answer`: equal watches may share
/// them.
std::string encode_event(const api::event& e, const watch_plan& plan, instant now = {});

} // namespace troupe::pipeline
