#include "actors/controllers/expectations.hpp"

#include <algorithm>

namespace troupe::control {

void expectations::performing(const std::string& key, instant now) {
  auto& e = keys_[key];
  e.busy = true;
  e.since = now;
}

void expectations::expect(const std::string& key, const resource& of, revision version,
                          instant now) {
  if (version <= seen(of))
    return;
  auto& e = keys_[key];
  e.since = now;
  auto& until = e.until[of];
  until = std::max(until, version);
}

void expectations::performed(const std::string& key) {
  auto e = keys_.find(key);
  if (e == keys_.end())
    return;
  e->second.busy = false;
  if (e->second.until.empty())
    keys_.erase(e);
}

void expectations::seen(const resource& of, revision version) {
  auto& last = seen_[of];
  last = std::max(last, version);
}

revision expectations::seen(const resource& of) const {
  auto at = seen_.find(of);
  return at == seen_.end() ? revision{} : at->second;
}

bool expectations::settled(const std::string& key, instant now) {
  auto e = keys_.find(key);
  if (e == keys_.end())
    return true;
  std::erase_if(e->second.until, [&](const auto& u) { return seen(u.first) >= u.second; });
  bool late = now - e->second.since > patience_;
  if (!late && (e->second.busy || !e->second.until.empty()))
    return false;
  keys_.erase(e);
  return true;
}

} // namespace troupe::control
