#include "tests/simulation/clients.hpp"

#include "tests/simulation/outside.hpp"

namespace troupe::sim {
namespace {

constexpr duration deadline = 12s;

using kind = check::operation::kind;

check::version version_of(const store::record_ptr& r) { return r ? std::stoull(*r->value) : 0; }

} // namespace

clients::clients(cluster& c) : c_(c) {
  for (std::size_t i = 0; i < c.with.clients; ++i) {
    clients_.push_back({.name = "c" + std::to_string(i), .at = i % c.members.size()});
    later(i);
  }
}

std::vector<check::operation> clients::history() const {
  std::vector<check::operation> out;
  for (const auto& n : history_)
    if (!n.never)
      out.push_back(n.what);
  return out;
}

void clients::later(std::size_t who) {
  auto most = static_cast<std::uint64_t>(c_.with.think.count());
  c_.world.after(duration{c_.world.random().below(most)}, [this, who] { next(who); });
}

std::size_t clients::master_of(std::size_t who) {
  auto& at = clients_[who].at;
  if (!c_.up(at) || c_.world.random().chance(1, 10))
    at = c_.world.random().below(c_.members.size());
  return at;
}

std::string clients::some_key() {
  return "r/" + std::to_string(c_.world.random().below(c_.with.keys));
}

std::size_t clients::begin(std::size_t who, check::operation op) {
  op.client = clients_[who].name;
  op.start = ++sequence_;
  history_.push_back({.what = std::move(op)});
  ++open_;
  return history_.size() - 1;
}

void clients::done(std::size_t who) {
  --open_;
  later(who);
}

void clients::next(std::size_t who) {
  if (stopped_)
    return;
  if (!c_.up(master_of(who)))
    return later(who);
  auto dice = c_.world.random().below(100);
  if (dice < 40)
    read(who, some_key());
  else if (dice < 65)
    write(who, some_key(), false);
  else if (dice < 70)
    write(who, some_key(), true);
  else if (dice < 95)
    swap(who, some_key());
  else
    look(who);
}

void clients::read(std::size_t who, const std::string& key) {
  auto op = begin(who, {.what = kind::read, .key = key, .client = {}});
  ask(c_.world, c_.members[clients_[who].at].now->replica.handle(), storage::get_view{}, deadline,
      [this, who, op, key](const result<storage::viewed>& v) {
        if (v) {
          history_[op].what.result = version_of(v->of->get(key));
          history_[op].what.end = ++sequence_;
          newest_seen_ = std::max(newest_seen_, v->of->at());
          ++succeeded_;
          ++c_.to.count["reads"];
        } else {
          history_[op].never = true;
          ++c_.to.count["reads without answer"];
        }
        done(who);
      });
}

void clients::write(std::size_t who, const std::string& key, bool erase) {
  auto value = erase ? 0 : next_value_++;
  auto op = begin(who, {.what = kind::write, .key = key, .argument = value, .client = {}});
  store::transaction t;
  t.then = {{.what = erase ? store::operation::kind::erase : store::operation::kind::put,
             .key = key,
             .value = erase ? std::string{} : std::to_string(value)}};
  transact(who, op, std::move(t));
}

/// From whatever is there now, which may be old.
void clients::swap(std::size_t who, const std::string& key) {
  ++open_;
  ask(c_.world, c_.members[clients_[who].at].now->replica.handle(),
      storage::get_view{.how = storage::get_view::freshness::any}, deadline,
      [this, who, key](const result<storage::viewed>& v) {
        --open_;
        if (!v || !c_.up(clients_[who].at))
          return later(who);
        auto found = v->of->get(key);
        auto value = next_value_++;
        auto op = begin(who, {.what = kind::swap,
                              .key = key,
                              .argument = value,
                              .expected = version_of(found),
                              .client = {}});
        store::transaction t;
        t.when = {found
                    ? store::predicate{store::predicate::test::modified_is, key, found->modified}
                    : store::predicate{store::predicate::test::absent, key, {}}};
        t.then = {{.key = key, .value = std::to_string(value)}};
        transact(who, op, std::move(t));
      });
}

/// A view that must be at least as new as one seen before, anywhere.
void clients::look(std::size_t who) {
  ++open_;
  auto at = newest_seen_;
  ask(c_.world, c_.members[clients_[who].at].now->replica.handle(),
      storage::get_view{.how = storage::get_view::freshness::not_older_than, .at = at}, deadline,
      [this, who, at](const result<storage::viewed>& v) {
        if (v && v->of->at() < at)
          c_.to.violation("a view not older than " + to_string(at) + " is at "
                          + to_string(v->of->at()));
        ++c_.to.count[v ? "views not older than" : "views without answer"];
        done(who);
      });
}

void clients::transact(std::size_t who, std::size_t op, store::transaction what) {
  auto l = c_.members[clients_[who].at].now;
  ask(c_.world, l->replica.handle(), storage::transact{what}, deadline,
      [this, who, op, what, process = l->process](const result<storage::transacted>& r) {
        wrote(who, op, what, r, !process->alive());
        done(who);
      });
}

void clients::check_answer(const store::transaction& what, const storage::transacted& r) {
  const auto& op = what.then.front();
  bool put = op.what == store::operation::kind::put;
  if (r.what.what == store::outcome::status::stale_term)
    return c_.to.violation("a write without a fence was refused for its term");
  if (!r.after || r.after->at() < r.what.last)
    return c_.to.violation("the view after a write does not contain it");
  if (r.what.what != store::outcome::status::applied)
    return;
  if (put && r.what.first == revision{})
    return c_.to.violation("a write of a new value took no revision");
  if (r.what.first != revision{})
    writes_.push_back({op.key, op.value, r.what.first});
  newest_seen_ = std::max(newest_seen_, r.what.last);
  auto found = r.after->get(op.key);
  if (put && r.after->at() == r.what.last && (!found || *found->value != op.value))
    c_.to.violation("the view after a write of " + op.key + " shows another value");
}

void clients::wrote(std::size_t, std::size_t op, const store::transaction& what,
                    const result<storage::transacted>& r, bool died) {
  auto& n = history_[op];
  if (r) {
    check_answer(what, *r);
    n.what.succeeded = r->what.what == store::outcome::status::applied;
    n.what.end = ++sequence_;
    ++succeeded_;
    ++c_.to.count[n.what.succeeded ? "writes" : "swaps refused"];
    return;
  }
  auto why = r.error().reason;
  bool refused = why == reason::unavailable || why == reason::too_many_requests
                 || why == reason::storage_full;
  if (refused && !died) {
    n.never = true;
    if (n.what.argument != 0)
      refused_.push_back(what.then.front().value);
    ++c_.to.count["writes not done"];
    return;
  }
  if (why != reason::timeout && !died)
    c_.to.violation("a write was answered: " + r.error().message);
  ++c_.to.count["writes of unknown outcome"];
}

} // namespace troupe::sim
