// What blocks: the past, read in etcd on the reader's thread, and the claim of the prefix before
// any actor lives.
#include "actors/storage/etcd/host.hpp"

#include <condition_variable>
#include <mutex>

namespace troupe::storage {
namespace {

constexpr duration past_deadline = 20s;
constexpr duration question_deadline = 5s;
constexpr duration again_after = 200ms;
constexpr std::uint64_t page = 512;

/// Runs one question and waits for its answer.
template <class T, class F> result<T> wait_for(F ask, duration within) {
  struct waiting {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<result<T>> answer;
  };
  auto w = std::make_shared<waiting>(); // the answer may come after we have left
  ask([w](result<T> r) {
    std::lock_guard lock{w->mutex};
    w->answer = std::move(r);
    w->came.notify_all();
  });
  std::unique_lock lock{w->mutex};
  if (!w->came.wait_for(lock, within, [&] { return w->answer.has_value(); }))
    return failure{.reason = reason::timeout, .message = "etcd did not answer in time"};
  return std::move(*w->answer);
}

result<etcd::answer> ask_range(etcd::cluster& of, etcd::question what) {
  return wait_for<etcd::answer>(
    [&](etcd::then<etcd::answer> to) {
      of.range(std::move(what), question_deadline, std::move(to));
    },
    2 * question_deadline);
}

class past_in_etcd final : public store::history_source {
public:
  past_in_etcd(std::shared_ptr<etcd::cluster> of, etcd::key_space keys, seal::keyring_ptr secrets)
      : of_(std::move(of)), keys_(std::move(keys)), secrets_(std::move(secrets)) {}

  result<store::record_ptr> get(std::string_view key, revision at) const override {
    OR_RETURN(auto found, ask_range(*of_, {.from = keys_.data(key), .to = {}, .at = at}));
    if (found.records.empty())
      return store::record_ptr{};
    return record_of(std::move(found.records.front()));
  }

  result<store::history_page> list(const store::range& r, revision at) const override {
    store::history_page out;
    auto end = etcd::end_of_prefix(keys_.data(r.prefix));
    auto from = keys_.data(std::max(r.prefix, r.from));
    for (;;) {
      auto limit = r.limit == 0 ? page : std::min(page, r.limit + 1 - out.records.size());
      OR_RETURN(auto part, ask_range(*of_, {.from = from, .to = end, .limit = limit, .at = at}));
      auto all = part.records.size() < limit;
      if (!part.records.empty())
        from = part.records.back().key + '\0';
      for (auto& one : part.records) {
        if (r.limit != 0 && out.records.size() == r.limit) {
          out.more = true;
          return out;
        }
        OR_RETURN(auto record, record_of(std::move(one)));
        out.records.push_back(std::move(record));
      }
      if (all)
        return out;
    }
  }

  result<store::history_changes> since(revision after, revision last, std::string_view prefix,
                                       std::size_t limit) const override {
    store::history_changes out{.changes = {}, .upto = after};
    if (after >= last)
      return out;
    // The watch is of everything, so that an event of `last` itself ends it.
    auto changes =
      of_->follow({.from = keys_.first(), .to = keys_.end(), .start = after + 1, .before = true});
    auto end = std::chrono::steady_clock::now() + past_deadline;
    while (out.upto < last && out.changes.size() < limit) {
      auto left = end - std::chrono::steady_clock::now();
      OR_RETURN(auto news, wait_for<etcd::news>(
                             [&](etcd::then<etcd::news> to) { changes->next(std::move(to)); },
                             std::max<duration>(left, 1ms)));
      CHECK_RETURN(take(std::move(news), prefix, limit, out));
    }
    out.upto = std::min(out.upto, last);
    std::erase_if(out.changes, [&](const auto& c) { return c->at > last; });
    return out;
  }

private:
  /// Whole revisions, as many as there is room for.
  result<void> take(etcd::news&& news, std::string_view prefix, std::size_t limit,
                    store::history_changes& out) const {
    auto& events = news.events;
    for (std::size_t first = 0; first < events.size() && out.changes.size() < limit;) {
      auto at = events[first].now.modified;
      cause_id cause{};
      auto end = first;
      for (; end < events.size() && events[end].now.modified == at; ++end)
        if (keys_.parse(events[end].now.key).what == etcd::key_space::kind::head)
          cause = etcd::cause_in(events[end].now.value);
      auto before = out.changes.size();
      for (; first < end; ++first) {
        OR_RETURN(auto change, change_of(std::move(events[first]), prefix, cause));
        if (change)
          out.changes.push_back(std::move(change));
      }
      for (auto i = before; i + 1 < out.changes.size(); ++i) {
        auto earlier = std::make_shared<store::change>(*out.changes[i]);
        earlier->last = false;
        out.changes[i] = std::move(earlier);
      }
      out.upto = at;
    }
    return {};
  }

  /// Null for what is not asked for.
  result<store::change_ptr> change_of(etcd::event&& e, std::string_view prefix,
                                      cause_id cause) const {
    auto place = keys_.parse(e.now.key);
    if (place.what != etcd::key_space::kind::data || !place.name.starts_with(prefix))
      return store::change_ptr{};
    auto out = std::make_shared<store::change>();
    out->at = e.now.modified;
    out->cause = cause;
    if (e.before) {
      OR_RETURN(out->before, record_of(std::move(*e.before)));
    }
    if (!e.erased) {
      OR_RETURN(out->now, record_of(std::move(e.now)));
    }
    return store::change_ptr{out->now || out->before ? std::move(out) : nullptr};
  }

  result<store::record_ptr> record_of(etcd::record&& r) const {
    return etcd::to_record(keys_, secrets_, std::move(r));
  }

  std::shared_ptr<etcd::cluster> of_;
  etcd::key_space keys_;
  seal::keyring_ptr secrets_;
};

/// Whether the prefix is ours; false: it is empty.
result<bool> look_at_prefix(etcd::cluster& at, const etcd::key_space& keys,
                            const std::string& cluster) {
  OR_RETURN(auto format, ask_range(at, {.from = keys.format(), .to = {}}));
  if (!format.records.empty()) {
    CHECK_RETURN(etcd::check_format(format.records.front().value, cluster, keys.prefix()));
    return true;
  }
  OR_RETURN(auto other, ask_range(at, {.from = keys.first(), .to = keys.end(), .limit = 1}));
  if (other.records.empty())
    return false;
  return failure{.reason = reason::conflict,
                 .message = "use the prefix " + keys.prefix() + " of etcd: it holds "
                            + std::to_string(other.count) + " keys of somebody else, such as "
                            + other.records.front().key + "; name another etcdPrefix"};
}

} // namespace

std::shared_ptr<const store::history_source> etcd_past(const etcd_host& of) {
  return std::make_shared<past_in_etcd>(of.with.cluster, of.keys, of.with.keys);
}

result<void> claim_prefix(etcd::cluster& at, const etcd::key_space& keys,
                          const std::string& cluster, duration within) {
  auto end = std::chrono::steady_clock::now() + within;
  for (;;) {
    auto ours = look_at_prefix(at, keys, cluster);
    if (ours && *ours)
      return {};
    if (ours) {
      etcd::txn claim;
      claim.when.push_back({.key = keys.format(),
                            .of = etcd::compare::field::created,
                            .how = etcd::compare::test::equal,
                            .to = {}});
      claim.then.push_back({.what = etcd::order::kind::put,
                            .key = keys.format(),
                            .value = etcd::format_text(cluster),
                            .lease = 0});
      claim.then.push_back({.what = etcd::order::kind::put,
                            .key = keys.head(),
                            .value = etcd::head_text({}),
                            .lease = 0});
      (void)wait_for<etcd::committed>( // what came of it is seen in the next look
        [&](etcd::then<etcd::committed> to) {
          at.commit(std::move(claim), question_deadline, std::move(to));
        },
        2 * question_deadline);
    } else if (auto why = ours.error().reason;
               why != reason::unavailable && why != reason::timeout) {
      return std::move(ours).error();
    } else {
      (void)wait_for<etcd::written>([](const etcd::then<etcd::written>&) {}, again_after);
    }
    if (std::chrono::steady_clock::now() >= end)
      return ours ? failure{.reason = reason::unavailable,
                            .message =
                              "claim the prefix " + keys.prefix() + " of etcd: it takes no write"}
                  : std::move(ours).error();
  }
}

} // namespace troupe::storage
