// A store in a std::map that follows the rules of store/base/types.hpp: for tests of what stands
// above it.
#pragma once

#include "config/base/result.hpp"
#include "store/base/types.hpp"
#include "store/base/view.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace troupe::support {

using record_map = std::map<std::string, store::record_ptr, std::less<>>;

class memory_view final : public store::view {
public:
  memory_view(std::shared_ptr<const record_map> records, revision at)
      : records_(std::move(records)), at_(at) {}

  revision at() const override { return at_; }
  store::record_ptr get(std::string_view key) const override {
    auto found = records_->find(key);
    return found == records_->end() ? nullptr : found->second;
  }
  void scan(const store::range& r,
            const std::function<bool(const store::record_ptr&)>& visit) const override {
    std::uint64_t seen = 0;
    auto start = r.from > r.prefix ? std::string_view{r.from} : std::string_view{r.prefix};
    for (auto at = records_->lower_bound(start); at != records_->end(); ++at) {
      if (at->first.compare(0, r.prefix.size(), r.prefix) != 0)
        return;
      if (!visit(at->second) || (r.limit != 0 && ++seen == r.limit))
        return;
    }
  }
  std::uint64_t count(std::string_view prefix) const override {
    std::uint64_t out = 0;
    scan({.prefix = std::string{prefix}, .from = {}, .limit = 0}, [&](const store::record_ptr&) {
      ++out;
      return true;
    });
    return out;
  }

private:
  std::shared_ptr<const record_map> records_;
  revision at_;
};

class memory_store {
public:
  /// The state now, or at the end of an older transaction (every version is kept).
  store::view_ptr view() const { return std::make_shared<memory_view>(records_, at_); }
  store::view_ptr view(revision at) const {
    for (const auto& [version, records] : history_)
      if (version == at)
        return std::make_shared<memory_view>(records, at);
    return at == at_ ? view() : nullptr;
  }
  revision at() const { return at_; }
  const std::vector<store::change>& changes() const { return changes_; }

  store::outcome apply(const store::transaction& t, term_id term = term_id{1}) {
    store::outcome out{
      .what = store::outcome::status::applied, .first = {}, .last = at_, .failed = 0};
    if (t.fence && *t.fence != term) {
      out.what = store::outcome::status::stale_term;
      return out;
    }
    for (std::size_t i = 0; i < t.when.size(); ++i)
      if (!holds(t.when[i])) {
        out.what = store::outcome::status::predicate_failed;
        out.failed = static_cast<std::uint32_t>(i);
        return out;
      }
    auto next = std::make_shared<record_map>(*records_);
    auto before = at_;
    auto first_change = changes_.size();
    for (const auto& op : t.then)
      perform(*next, op, t.cause);
    if (at_ == before)
      return out;
    for (auto i = first_change; i < changes_.size(); ++i)
      changes_[i].last = i + 1 == changes_.size();
    history_.emplace_back(before, records_);
    records_ = std::move(next);
    out.first = before + 1;
    out.last = at_;
    return out;
  }

private:
  bool holds(const store::predicate& p) const {
    auto found = records_->find(p.key);
    auto is = found != records_->end();
    switch (p.what) {
    case store::predicate::test::absent: return !is;
    case store::predicate::test::present: return is;
    case store::predicate::test::modified_is: return is && found->second->modified == p.at;
    }
    return false;
  }

  void perform(record_map& records, const store::operation& op, cause_id cause) {
    auto found = records.find(op.key);
    auto old = found == records.end() ? nullptr : found->second;
    if (op.what == store::operation::kind::erase) {
      if (!old)
        return;
      ++at_;
      records.erase(found);
      changes_.push_back({.at = at_, .now = {}, .before = old, .cause = cause});
      return;
    }
    if (old && *old->value == op.value)
      return;
    ++at_;
    auto made =
      std::make_shared<const store::record>(store::record{.key = op.key,
                                                          .value = share(op.value),
                                                          .created = old ? old->created : at_,
                                                          .modified = at_,
                                                          .cause = cause});
    records[op.key] = made;
    changes_.push_back({.at = at_, .now = made, .before = old, .cause = cause});
  }

  std::shared_ptr<const record_map> records_ = std::make_shared<record_map>();
  revision at_{100};
  std::vector<store::change> changes_;
  std::vector<std::pair<revision, std::shared_ptr<const record_map>>> history_;
};

} // namespace troupe::support
