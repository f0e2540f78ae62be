// Who of the masters leads: the one whose election key is the oldest. Its key lives with a lease
// that it keeps alive, and ends its term by its own clock before etcd may end the lease. Pure; the
// host asks etcd what it orders and tells it the answers.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/ids.hpp"
#include "store/etcd/mirror.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::etcd {

class election {
public:
  struct order {
    enum class kind : std::uint8_t {
      grant,    // ask for a lease: then granted()
      campaign, // put the key with `lease`: then campaigned()
      keep,     // a sign of life of `lease`: then kept()
      revoke,   // give `lease` back; its answer does not matter
      lead,     // act in `term`
      follow,   // act no more, at once
    };
    kind what = kind::grant;
    std::int64_t lease = 0;
    term_id term{};
    bool operator==(const order&) const = default;
  };
  using orders = std::vector<order>;

  /// Now and then; `now` never jumps.
  orders tick(instant now);
  orders granted(const result<lease>& what, instant asked, instant now);
  orders campaigned(std::int64_t lease, bool done, instant now);
  orders kept(std::int64_t lease, const result<etcd::lease>& what, instant asked, instant now);
  /// Who is in the running, as the mirror knows; `own` is the key of a lease.
  orders seen(const std::map<revision, candidate>& all, const std::string& own, instant now);
  /// It takes no part any more.
  orders leave();

  std::int64_t lease_id() const { return lease_; }
  std::optional<term_id> term() const { return term_; }

private:
  enum class phase : std::uint8_t { idle, granting, entering, running, left };
  orders lose(instant now);

  phase now_ = phase::idle;
  std::int64_t lease_ = 0;
  duration granted_{};   // the lease's life
  instant alive_{};      // the lease lives at least from here on for granted_
  bool keeping_ = false; // a sign of life is under way
  instant next_keep_{};
  instant next_try_{};
  bool entered_ = false;        // our key was seen
  std::optional<term_id> term_; // acting
};

} // namespace troupe::etcd
