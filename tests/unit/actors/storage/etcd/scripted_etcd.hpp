// An etcd cluster in memory that does what the test says: for the actor above it.
#pragma once

#include "store/etcd/values.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Answers at once, in the caller's thread, unless it is told to hold, to fail or to be down.
class scripted_etcd final : public etcd::cluster {
public:
  // -- what a test does to it --
  bool down = false; // nothing is done: unavailable
  bool deaf = false; // transactions are done, their answers are lost: timeout
  bool hold = false; // answers wait for release()
  bool hold_watches = false;
  std::size_t ranges = 0;  // asked so far
  std::size_t watches = 0; // opened so far

  void release() {
    hold = false;
    for (auto waiting = std::exchange(held_, {}); auto& one : waiting)
      one();
  }
  void release_watches() {
    hold_watches = false;
    feed();
  }
  /// All streams break.
  void cut_watches() {
    for (auto* s : std::set<stream*>{streams_})
      s->fail({.reason = reason::unavailable, .message = "cut"});
  }
  void compact_now(revision at) { compacted_ = std::max(compacted_, at); }
  void expire(std::int64_t id) {
    leases_.erase(id);
    auto at = now_ + 1;
    std::vector<std::string> gone;
    for (const auto& [key, lease] : owners_)
      if (lease == id)
        gone.push_back(key);
    for (const auto& key : gone)
      erase(key, at);
    if (!gone.empty())
      now_ = at;
    feed();
  }
  const std::set<std::int64_t>& leases() const { return leases_; }
  revision now() const { return now_; }
  /// As somebody else would.
  void put(const std::string& key, const std::string& value) {
    etcd::txn t;
    t.then.push_back({.what = etcd::order::kind::put, .key = key, .value = value, .lease = 0});
    (void)run(t);
    feed();
  }
  const etcd::record* find(const std::string& key) const {
    auto found = records_.find(key);
    return found == records_.end() ? nullptr : &found->second;
  }

  // -- etcd --
  void range(etcd::question what, duration, etcd::then<etcd::answer> to) override {
    ++ranges;
    reply<etcd::answer>(to, [this, what]() -> result<etcd::answer> { return read(what); });
  }
  void commit(etcd::txn what, duration, etcd::then<etcd::committed> to) override {
    if (down)
      return to(refusal());
    auto done = run(what);
    feed();
    if (deaf)
      return to(failure{.reason = reason::timeout, .message = "no answer"});
    later([to, done] { to(done); });
  }
  std::unique_ptr<etcd::watch> follow(etcd::watch_question what) override {
    ++watches;
    auto next = what.start == revision{} ? now_ + 1 : what.start;
    return std::make_unique<stream>(*this, what, next);
  }
  void grant(duration ttl, duration, etcd::then<etcd::lease> to) override {
    reply<etcd::lease>(to, [this, ttl]() -> result<etcd::lease> {
      leases_.insert(++last_lease_);
      return etcd::lease{last_lease_, ttl};
    });
  }
  void keep_alive(std::int64_t id, duration, etcd::then<etcd::lease> to) override {
    reply<etcd::lease>(to, [this, id]() -> result<etcd::lease> {
      if (!leases_.contains(id))
        return failure{.reason = reason::not_found, .message = "it has ended"};
      return etcd::lease{id, 5s};
    });
  }
  void revoke(std::int64_t id, duration, etcd::then<etcd::written> to) override {
    if (down)
      return to(refusal());
    expire(id);
    later([this, to] { to(etcd::written{now_}); });
  }
  void compact(revision at, duration, etcd::then<etcd::written> to) override {
    reply<etcd::written>(to, [this, at]() -> result<etcd::written> {
      compact_now(at);
      return etcd::written{now_};
    });
  }

private:
  class stream final : public etcd::watch {
  public:
    stream(scripted_etcd& of, etcd::watch_question what, revision next)
        : of_(of), what_(std::move(what)), next_(next) {
      of_.streams_.insert(this);
    }
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    ~stream() override { of_.streams_.erase(this); }
    void next(etcd::then<etcd::news> to) override {
      asked_ = std::move(to);
      feed();
    }
    void fail(failure why) {
      if (auto to = std::exchange(asked_, nullptr))
        to(std::move(why));
    }
    void feed() {
      if (!asked_ || of_.hold_watches)
        return;
      if (of_.down)
        return fail(of_.refusal());
      if (next_ <= of_.compacted_)
        return fail({.reason = reason::expired, .message = "compacted"});
      etcd::news out{.at = of_.now_, .events = {}};
      for (const auto& e : of_.log_)
        if (e.now.modified >= next_ && in(what_.from, what_.to, e.now.key))
          out.events.push_back(e);
      next_ = of_.now_ + 1;
      if (out.events.empty())
        return;
      std::exchange(asked_, nullptr)(std::move(out));
    }

  private:
    scripted_etcd& of_;
    etcd::watch_question what_;
    revision next_;
    etcd::then<etcd::news> asked_;
  };

  static bool in(const std::string& from, const std::string& to, const std::string& key) {
    return to.empty() ? key == from : key >= from && key < to;
  }
  static failure refusal() { return {.reason = reason::unavailable, .message = "etcd is down"}; }

  void later(std::function<void()> what) {
    if (hold)
      held_.push_back(std::move(what));
    else
      what();
  }
  template <class T> void reply(const etcd::then<T>& to, std::function<result<T>()> make) {
    later([this, to, make] { to(down ? result<T>{refusal()} : make()); });
  }
  void feed() {
    for (auto* s : std::set<stream*>{streams_})
      if (streams_.contains(s))
        s->feed();
  }

  result<etcd::answer> read(const etcd::question& what) const {
    if (what.at != revision{} && what.at < compacted_)
      return failure{.reason = reason::expired, .message = "compacted"};
    auto all = records_;
    if (what.at != revision{}) { // undone, from the last change on
      for (auto e = log_.rbegin(); e != log_.rend() && e->now.modified > what.at; ++e)
        if (e->before)
          all[e->now.key] = *e->before;
        else
          all.erase(e->now.key);
    }
    etcd::answer out{.at = now_, .records = {}, .count = 0};
    for (const auto& [key, r] : all)
      if (in(what.from, what.to, key) && ++out.count
          && (what.limit == 0 || out.records.size() < what.limit))
        out.records.push_back(r);
    return out;
  }

  bool holds(const etcd::compare& c) const {
    const auto* found = find(c.key);
    auto is = !found                                  ? revision{}
              : c.of == etcd::compare::field::created ? found->created
                                                      : found->modified;
    return c.how == etcd::compare::test::equal ? is == c.to : is > c.to;
  }

  void erase(const std::string& key, revision at) {
    auto found = records_.find(key);
    log_.push_back({.erased = true,
                    .now = {.key = key, .value = {}, .created = {}, .modified = at},
                    .before = found->second});
    records_.erase(found);
    owners_.erase(key);
  }

  etcd::committed run(const etcd::txn& what) {
    etcd::committed out{.done = true, .at = {}, .answers = {}};
    for (const auto& c : what.when)
      out.done &= holds(c);
    auto at = now_ + 1;
    bool changed = false;
    for (const auto& o : out.done ? what.then : what.otherwise) {
      auto& said = out.answers.emplace_back();
      auto found = records_.find(o.key);
      bool there = found != records_.end();
      switch (o.what) {
      case etcd::order::kind::look:
        if (there)
          said.records.push_back(found->second);
        break;
      case etcd::order::kind::erase:
        said.erased = there ? 1 : 0;
        changed |= there;
        if (there)
          erase(o.key, at);
        break;
      case etcd::order::kind::put: {
        changed = true;
        etcd::event e{.erased = false,
                      .now = {.key = o.key,
                              .value = o.value,
                              .created = there ? found->second.created : at,
                              .modified = at},
                      .before = {}};
        if (there)
          e.before = found->second;
        records_[o.key] = e.now;
        if (o.lease != 0)
          owners_[o.key] = o.lease;
        log_.push_back(std::move(e));
        break;
      }
      }
    }
    if (changed)
      now_ = at;
    out.at = now_;
    return out;
  }

  revision now_{1};
  revision compacted_{};
  std::map<std::string, etcd::record> records_;
  std::vector<etcd::event> log_;
  std::set<stream*> streams_;
  std::int64_t last_lease_ = 0;
  std::set<std::int64_t> leases_;
  std::map<std::string, std::int64_t> owners_;
  std::vector<std::function<void()>> held_;
};

} // namespace troupe
