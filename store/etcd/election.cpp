#include "store/etcd/election.hpp"

namespace troupe::etcd {
namespace {

using kind = election::order::kind;

constexpr duration pause = 500ms;      // before the next lease
constexpr duration keep_again = 200ms; // a sign of life that failed

} // namespace

election::orders election::tick(instant now) {
  switch (now_) {
  case phase::idle:
    if (now < next_try_)
      return {};
    now_ = phase::granting;
    return {{.what = kind::grant}};
  case phase::granting:
  case phase::left: return {};
  case phase::entering:
  case phase::running: break;
  }
  if (now - alive_ >= granted_ * 3 / 4) // etcd counts from a later time, on its own clock
    return lose(now);
  if (keeping_ || now < next_keep_)
    return {};
  keeping_ = true;
  return {{.what = kind::keep, .lease = lease_}};
}

election::orders election::granted(const result<lease>& what, instant asked, instant now) {
  if (now_ != phase::granting) // it has left
    return what ? orders{{.what = kind::revoke, .lease = what->id}} : orders{};
  if (!what) {
    now_ = phase::idle;
    next_try_ = now + pause;
    return {};
  }
  now_ = phase::entering;
  lease_ = what->id;
  granted_ = what->ttl;
  alive_ = asked;
  next_keep_ = asked + granted_ / 4;
  keeping_ = entered_ = false;
  return {{.what = kind::campaign, .lease = lease_}};
}

election::orders election::campaigned(std::int64_t lease, bool done, instant now) {
  if (now_ != phase::entering || lease != lease_)
    return {};
  if (!done)
    return lose(now);
  now_ = phase::running;
  return {};
}

election::orders election::kept(std::int64_t lease, const result<etcd::lease>& what, instant asked,
                                instant now) {
  if ((now_ != phase::running && now_ != phase::entering) || lease != lease_)
    return {};
  keeping_ = false;
  if (what) {
    alive_ = asked;
    granted_ = what->ttl;
    next_keep_ = asked + granted_ / 4;
    return {};
  }
  if (what.error().reason == reason::not_found)
    return lose(now);
  next_keep_ = now + keep_again;
  return {};
}

election::orders election::seen(const std::map<revision, candidate>& all, const std::string& own,
                                instant now) {
  if (now_ != phase::entering && now_ != phase::running)
    return {};
  bool there = false;
  for (const auto& [created, who] : all)
    there |= who.key == own;
  if (!there)
    return entered_ ? lose(now) : orders{};
  entered_ = true;
  const auto& [created, first] = *all.begin();
  if (first.key != own || term_)
    return {};
  term_ = term_id{raw(created)};
  return {{.what = kind::lead, .lease = 0, .term = *term_}};
}

election::orders election::leave() {
  orders out;
  if (term_)
    out.push_back({.what = kind::follow});
  if (now_ == phase::entering || now_ == phase::running)
    out.push_back({.what = kind::revoke, .lease = lease_});
  term_.reset();
  now_ = phase::left;
  return out;
}

election::orders election::lose(instant now) {
  orders out;
  if (term_)
    out.push_back({.what = kind::follow});
  out.push_back({.what = kind::revoke, .lease = lease_});
  term_.reset();
  lease_ = 0;
  now_ = phase::idle;
  next_try_ = now + pause;
  return out;
}

} // namespace troupe::etcd
