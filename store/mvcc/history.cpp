#include "store/mvcc/history.hpp"

#include "store/mvcc/opened.hpp"
#include "store/mvcc/rows.hpp"

#include <algorithm>

namespace troupe::store {
namespace {

/// The version of `key` that was put at `at`: it must be there.
result<record_ptr> kept_version(const row_reader& from, const std::string& key, revision at) {
  OR_RETURN(auto value, from.get(mvcc::version_key(key, at)));
  auto found = value ? mvcc::parse_version({key, at}, *value) : std::nullopt;
  if (!found)
    return mvcc::damaged("a version of " + key);
  return std::move(*found);
}

result<change_ptr> read_change(const row_reader& from, revision at, mvcc::change_row row) {
  auto out = std::make_shared<change>();
  out->at = at;
  out->cause = row.cause;
  out->last = row.last;
  if (!row.erased) {
    OR_RETURN(out->now, kept_version(from, row.key, at));
  }
  if (row.before != revision{}) {
    OR_RETURN(out->before, kept_version(from, row.key, row.before));
  }
  if (!out->now && !out->before)
    return mvcc::damaged("a change of " + row.key);
  return change_ptr{std::move(out)};
}

} // namespace

result<void> history::readable(revision at) const {
  if (at < compacted_)
    return failure{.reason = reason::expired,
                   .message = "read revision " + to_string(at) + ": history is kept since "
                              + to_string(compacted_)};
  if (at > last_)
    return failure{.reason = reason::timeout,
                   .message =
                     "read revision " + to_string(at) + ": this replica is at " + to_string(last_)};
  return {};
}

result<record_ptr> history::get(std::string_view key, revision at) const {
  CHECK_RETURN(readable(at));
  if (elsewhere_)
    return elsewhere_->get(key, at);
  mvcc::version_walk walk{*rows_, mvcc::version_key(key, at), mvcc::versions_after_key(key), at};
  OR_RETURN(auto found, walk.next());
  return mvcc::opened(std::move(found), keys_);
}

result<history_page> history::list(const range& r, revision at) const {
  CHECK_RETURN(readable(at));
  if (elsewhere_)
    return elsewhere_->list(r, at);
  history_page out;
  mvcc::version_walk walk{*rows_, mvcc::versions_from(std::max(r.prefix, r.from)),
                          mvcc::versions_after_prefix(r.prefix), at};
  for (;;) {
    OR_RETURN(auto found, walk.next());
    if (!found)
      return out;
    if (r.limit != 0 && out.records.size() == r.limit) {
      out.more = true;
      return out;
    }
    OR_RETURN(found, mvcc::opened(std::move(found), keys_));
    out.records.push_back(std::move(found));
  }
}

result<history_changes> history::since(revision after, std::string_view prefix,
                                       std::size_t limit) const {
  CHECK_RETURN(readable(after));
  if (elsewhere_)
    return elsewhere_->since(after, last_, prefix, limit);
  history_changes out;
  out.upto = after;
  auto cursor = rows_->walk(mvcc::change_key(after + 1), mvcc::change_key(last_ + 1));
  for (; cursor->valid() && out.changes.size() < limit; cursor->next()) {
    auto at = mvcc::parse_change_key(cursor->key());
    auto row = at ? mvcc::parse_change(cursor->value()) : std::nullopt;
    if (!row)
      return mvcc::damaged("a change");
    if (row->key.starts_with(prefix)) {
      OR_RETURN(auto found, read_change(*rows_, *at, std::move(*row)));
      auto plain = mvcc::opened(std::move(found), keys_);
      if (!plain) // under a key that went when nothing live needed it: whoever asks lists again
        return failure{.reason = reason::expired,
                       .message = "read changes after revision " + to_string(after) + ": "
                                  + plain.error().message};
      out.changes.push_back(std::move(*plain));
    }
    out.upto = *at;
  }
  CHECK_RETURN(cursor->status());
  if (!cursor->valid())
    out.upto = last_;
  return out;
}

result<mvcc::version_walk> history::walk() const {
  if (!rows_)
    return failure{.reason = reason::invalid,
                   .message = "read the whole store: it is an etcd cluster; use etcdctl snapshot"};
  return mvcc::version_walk{*rows_, mvcc::versions, mvcc::after_versions, last_};
}

} // namespace troupe::store
