#include "store/etcd/mirror.hpp"

#include "store/etcd/translate.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::etcd {
namespace {

std::size_t size_of(const store::change& what) {
  std::size_t out = sizeof(store::change);
  for (const auto* side : {what.now.get(), what.before.get()})
    if (side)
      out += sizeof(store::record) + side->key.size() + side->value->size();
  return out;
}

revision number_in(const std::string& text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return revision{out};
}

void undo(store::record_index& in, const store::change& what) {
  if (what.before)
    in.put(what.before);
  else
    in.erase(what.now->key);
}

} // namespace

result<store::record_ptr> to_record(const key_space& keys, const seal::keyring_ptr& secrets,
                                    record&& from, cause_id cause) {
  std::string key{keys.parse(from.key).name};
  auto value = std::move(from.value);
  if (seal::is_sealed(value)) {
    OR_RETURN(value, seal::open(secrets, key, value));
  }
  return std::make_shared<const store::record>(store::record{.key = std::move(key),
                                                             .value = share(std::move(value)),
                                                             .created = from.created,
                                                             .modified = from.modified,
                                                             .cause = cause});
}

/// Null: there is trouble.
store::record_ptr mirror::opened(record&& from, cause_id cause) {
  auto out = to_record(keys_, secrets_, std::move(from), cause);
  if (!out && !trouble_)
    trouble_ = out.error();
  return out.value_or(nullptr);
}

void mirror::load(std::vector<record>&& page) {
  mirrored unused;
  for (auto& r : page) {
    auto place = keys_.parse(r.key);
    seen_ = std::max(seen_, r.modified);
    if (place.what == key_space::kind::data) {
      if (auto known = opened(std::move(r), {}))
        loading_.add(std::move(known));
    } else if (place.what == key_space::kind::head) {
      at_ = r.modified;
    } else {
      take_other(place, event{.erased = false, .now = r, .before = {}}, unused);
    }
  }
}

result<void> mirror::loaded(revision at) {
  if (at_ == revision{})
    return failure{.reason = reason::conflict,
                   .message = "read the prefix " + keys_.prefix()
                              + " of etcd: it holds no store (any more)"};
  if (trouble_)
    return *trouble_;
  records_ = loading_.finish();
  seen_ = at;
  past_start_ = at_;
  current_ = store::make_view(records_, at_);
  return {};
}

mirrored mirror::take(news&& what) {
  mirrored out;
  auto& events = what.events;
  for (std::size_t first = 0; first < events.size();) {
    auto at = events[first].now.modified;
    auto end = first;
    cause_id cause{};
    bool counts = false; // one of our transactions, or somebody's change of our data
    for (; end < events.size() && events[end].now.modified == at; ++end) {
      auto place = keys_.parse(events[end].now.key).what;
      counts |= place == key_space::kind::head || place == key_space::kind::data;
      if (place == key_space::kind::head)
        cause = cause_in(events[end].now.value);
    }
    if (at > seen_) {
      auto before = out.changes.size();
      for (auto i = first; i < end; ++i)
        take_event(std::move(events[i]), cause, out);
      for (auto i = before; i < out.changes.size(); ++i)
        note(out.changes[i]);
      seen_ = at;
      if (counts)
        at_ = at;
    }
    first = end;
  }
  if (at_ != current_->at())
    current_ = store::make_view(records_, at_);
  if (unkept_ >= limits_.stride) {
    unkept_ = 0;
    states_.push_back({at_, records_});
  }
  return out;
}

void mirror::take_event(event&& e, cause_id cause, mirrored& out) {
  auto place = keys_.parse(e.now.key);
  if (place.what != key_space::kind::data)
    return take_other(place, e, out);
  auto key = std::string{place.name};
  auto change = std::make_shared<store::change>();
  change->at = e.now.modified;
  change->cause = cause;
  if (e.erased) {
    change->before = records_.erase(key);
    if (!change->before)
      return;
  } else {
    change->now = opened(std::move(e.now), cause);
    if (!change->now)
      return;
    change->before = records_.put(change->now);
  }
  if (!out.changes.empty() && out.changes.back()->at == change->at) { // not the last one, then
    auto earlier = std::make_shared<store::change>(*out.changes.back());
    earlier->last = false;
    out.changes.back() = std::move(earlier);
  }
  out.changes.push_back(std::move(change));
}

void mirror::note(store::change_ptr change) {
  past_bytes_ += size_of(*change);
  past_.push_back(std::move(change));
  ++unkept_;
  while (past_.size() > limits_.changes || past_bytes_ > limits_.bytes) {
    past_start_ = past_.front()->at;
    past_bytes_ -= size_of(*past_.front());
    past_.pop_front();
  }
  while (!states_.empty() && states_.front().at < past_start_)
    states_.pop_front();
}

void mirror::take_other(const key_space::place& place, const event& e, mirrored& out) {
  switch (place.what) {
  case key_space::kind::election:
    out.candidates = true;
    if (e.erased)
      return forget_candidate(e.now.key);
    candidates_.insert_or_assign(e.now.created, candidate{e.now.key, e.now.value});
    return;
  case key_space::kind::master:
    out.masters = true;
    masters_since_ = std::max(masters_since_, e.now.modified);
    if (e.erased)
      masters_.erase(std::string{place.name});
    else
      masters_[std::string{place.name}] = e.now.value;
    return;
  case key_space::kind::compacted:
    if (!e.erased)
      compacted_ = std::max(compacted_, number_in(e.now.value));
    return;
  default: return;
  }
}

void mirror::forget_candidate(const std::string& key) {
  std::erase_if(candidates_, [&](const auto& c) { return c.second.key == key; });
}

store::view_ptr mirror::past(revision at) const {
  if (at > at_ || at < past_start_)
    return nullptr;
  auto from =
    std::partition_point(states_.begin(), states_.end(), [&](const state& s) { return s.at < at; });
  auto records = from == states_.end() ? records_ : from->records;
  auto upto = from == states_.end() ? at_ : from->at;
  auto after = [&](revision r) {
    return std::partition_point(past_.begin(), past_.end(),
                                [&](const store::change_ptr& c) { return c->at <= r; });
  };
  for (auto it = after(upto), end = after(at); it != end;)
    undo(records, **--it);
  return store::make_view(std::move(records), at);
}

} // namespace troupe::etcd
