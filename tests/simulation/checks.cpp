#include "tests/simulation/checks.hpp"

#include <set>
#include <sstream>

namespace troupe::sim {

void chronicle::look() {
  checked_.resize(c_.members.size()); // there may be more by now
  lives_.resize(c_.members.size());
  for (std::size_t i = 0; i < c_.members.size(); ++i)
    if (c_.up(i))
      look_at(i);
}

void chronicle::look_at(std::size_t at) {
  const auto& m = c_.members[at];
  if (std::exchange(lives_[at], m.lives) != m.lives)
    checked_[at] = revision{1}; // it may have forgotten
  auto past = m.now->state->past();
  auto from = std::max(checked_[at], past.compacted());
  if (from > last())
    c_.to.violation(m.name + ": the changes after " + to_string(last()) + " up to "
                    + to_string(from) + " are compacted already");
  while (from < past.last()) {
    auto part = past.since(from, "", 1000);
    if (!part)
      return c_.to.violation(m.name + ": its history cannot be read: " + part.error().message);
    for (const auto& c : part->changes) {
      event e{c->key(), c->now ? std::optional{*c->now->value} : std::nullopt};
      auto [known, fresh] = events_.emplace(c->at, e);
      if (!fresh && known->second != e)
        c_.to.violation("two histories: revision " + to_string(c->at) + " is " + known->second.key
                        + "=" + known->second.value.value_or("(erased)") + " and on " + m.name + " "
                        + e.key + "=" + e.value.value_or("(erased)"));
    }
    if (part->upto <= from)
      return c_.to.violation(m.name + ": its history ends at " + to_string(from));
    from = part->upto;
  }
  checked_[at] = from;
}

void check_writes(const chronicle& h, const clients& who, report& to) {
  for (const auto& w : who.writes()) {
    auto found = h.events().find(w.at);
    bool erase = w.value.empty();
    if (found == h.events().end() || found->second.key != w.key
        || (erase ? found->second.value.has_value() : found->second.value != w.value))
      to.violation("the acknowledged write of " + w.key + "=" + w.value + " at revision "
                   + to_string(w.at) + " is lost"
                   + (found == h.events().end() ? std::string{}
                                                : ": there is " + found->second.key + "="
                                                    + found->second.value.value_or("(erased)")));
  }
  std::set<std::string> values;
  for (const auto& [at, e] : h.events())
    if (e.value && e.key.starts_with("r/") && !values.insert(*e.value).second)
      to.violation("the write of " + e.key + "=" + *e.value + " was applied twice");
  for (const auto& v : who.refused())
    if (values.contains(v))
      to.violation("the write of " + v + " was answered \"nothing was done\" and is there");
}

void check_watches(const chronicle& h, const watchers& who, report& to) {
  for (const auto& w : who.all())
    for (const auto& s : w.segments) {
      auto seen = s.seen.begin();
      for (auto it = h.events().upper_bound(s.after);
           it != h.events().end() && it->first <= s.up_to; ++it) {
        const auto& [at, e] = *it;
        if (w.exact ? e.key != w.prefix : !e.key.starts_with(w.prefix))
          continue;
        if (seen == s.seen.end() || (*seen)->at != at)
          return to.violation("watch " + w.name + " of '" + w.prefix + "' missed revision "
                              + to_string(at) + " of " + e.key + "=" + e.value.value_or("(erased)")
                              + (seen == s.seen.end() ? std::string{}
                                                      : " but saw " + to_string((*seen)->at)
                                                          + " of " + (*seen)->key()));
        const auto& c = **seen;
        if (c.key() != e.key || (c.now ? std::optional{*c.now->value} : std::nullopt) != e.value)
          return to.violation("watch " + w.name + ": revision " + to_string(at) + " shows "
                              + c.key());
        ++seen;
      }
      if (seen != s.seen.end())
        return to.violation("watch " + w.name + ": revision " + to_string((*seen)->at)
                            + " does not exist");
    }
}

void check_scopes(const chronicle& h, report& to) {
  std::uint64_t newest = 0;
  std::map<std::uint64_t, std::string> leaders;
  for (const auto& [at, e] : h.events()) {
    if (e.key != beat_key || !e.value)
      continue;
    std::istringstream in{*e.value};
    std::uint64_t term = 0;
    std::string name;
    in >> term >> name;
    if (term < newest)
      return to.violation("revision " + to_string(at) + ": the leader scope of term "
                          + std::to_string(term) + " changed the store in term "
                          + std::to_string(newest));
    newest = term;
    if (leaders.emplace(term, name).first->second != name)
      return to.violation("two members wrote as the leader of term " + std::to_string(term));
  }
}

void check_linearizable(const clients& who, report& to) {
  auto v = check::linearizable(who.history());
  if (!v.decided)
    ++to.count["keys whose history was too hard to judge"];
  if (!v.linearizable && v.decided)
    to.violation("key " + v.key + " is not linearizable:\n" + v.report);
}

} // namespace troupe::sim
