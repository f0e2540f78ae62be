// The API protocol as values: what may be asked of the API and what it answers, whatever brought it
// (HTTPS, an actor's message). The HTTP mapping is in actors/api/http.
#pragma once

#include "config/api/object.hpp"
#include "config/base/clock.hpp"
#include "config/base/failure.hpp"
#include "config/base/ids.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::api {

enum class verb : std::uint8_t {
  get,
  list,
  watch,
  create,
  update,
  patch,
  remove,
  remove_collection, // on resources
  document, // anything that is not a resource: /version, /openapi/v3/..., /api (path in `path`)
};

enum class patch_type : std::uint8_t { json, merge, strategic, apply };
enum class validation : std::uint8_t { ignore, warn, strict };
enum class propagation : std::uint8_t { unset, background, foreground, orphan };
enum class version_match : std::uint8_t { unset, exact, not_older_than };

/// Who asks, as authentication found it.
struct user {
  std::string name; // "system:anonymous" when nobody proved anything
  std::vector<std::string> groups;
  std::string uid;
  std::map<std::string, std::vector<std::string>> extra{}; // of tokens and of impersonation
  bool operator==(const user&) const = default;
};

/// What a request shows beside a certificate. Authenticated by the API's worker, which has a view
/// of the store; never sent over a link.
struct credentials {
  std::string token{};      // of an Authorization field: Bearer
  std::optional<user> as{}; // whom the asker wants to be taken for
  bool operator==(const credentials&) const = default;
};

struct options {
  std::string label_selector;
  std::string field_selector;
  std::uint64_t limit = 0;         // 0: all
  std::string next;                // the continue token
  std::optional<revision> version; // resourceVersion of get, list, watch; unset is not 0
  version_match match = version_match::unset;
  bool bookmarks = false;      // allowWatchBookmarks
  bool initial_events = false; // sendInitialEvents
  duration timeout{};          // timeoutSeconds of list and watch; 0: none
  bool dry_run = false;
  validation fields = validation::warn; // fieldValidation
  std::string field_manager;
  bool force = false; // of apply
  // of remove; the body's DeleteOptions are merged into these by the pipeline
  std::optional<std::int64_t> grace; // gracePeriodSeconds
  propagation propagate = propagation::unset;
  std::string precondition_uid;
  std::optional<revision> precondition_version;
  bool uninitialized = false; // includeUninitialized: also objects whose initializers are pending
  bool operator==(const options&) const = default;
};

/// What representation is wanted. (Accept)
enum class media : std::uint8_t { json, yaml, protobuf };
struct wanted {
  media as = media::json;
  enum class transform : std::uint8_t {
    none,
    table,
    partial_metadata,
    partial_metadata_list
  } transform = transform::none;
  bool wide = false;            // reserved: the table always carries all columns
  bool objects_in_table = true; // includeObject: Metadata (true) or None
  bool pieces = false;          // a large body may come as response.rest; else it is whole
  bool operator==(const wanted&) const = default;
};

struct request {
  api::verb verb = verb::get;
  std::string group; // "" for core
  std::string version;
  std::string resource; // plural
  std::string subresource;
  std::string ns;
  std::string name;
  std::string path; // of verb::document and of subresources: as sent, with the query
  api::options options;
  patch_type patch = patch_type::merge;
  media body_as = media::json;
  std::string body;
  wanted answer;
  user from;
  credentials shown{};          // what is in here makes of `from` somebody else
  std::optional<term_id> fence; // set by the leader scope's own client only; refused from outside
  cause_id cause{};
  std::string
    accept; // of verb::document: the Accept header as sent; documents have forms of their own
};

/// Gives a large body piece by piece, so that a list of 50,000 objects never lies in memory whole.
/// Used by one thread at a time.
class body_source {
public:
  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;
  /// Appends the next piece (about 256 KiB) to `out`; false when that was the last one.
  virtual bool next(std::string& out) = 0;
};

struct response {
  int code = 200;
  media as = media::json;
  std::string content_type;          // empty: that of `as`
  shared_bytes body;                 // null: none
  std::shared_ptr<body_source> rest; // null: `body` is all; else what follows it (large lists)
  std::vector<std::string> warnings; // each a Warning header (299)
  revision version{};                // of the object written or of the list read
};

/// The whole body at once: what a caller without streaming uses. Empties `rest`.
shared_bytes whole_body(response& r);

/// A Status body of a failure: reason, code and causes; `details` as far as the request names them.
response status_of(const failure& why, const request& about);
/// The same with the kind's name instead of the resource's in `details` (Invalid names the kind).
response status_of(const failure& why, const request& about, std::string_view kind);
/// The Status of success that a delete of a gone object answers.
response status_success(const request& about, std::string_view uid);

/// One event of a watch.
struct event {
  enum class kind : std::uint8_t { added, modified, deleted, bookmark, error };
  kind what = kind::added;
  object_ptr of; // of bookmark: only its version counts
  failure why;   // of error
};

} // namespace troupe::api
