// Puts an applied object over the live one.
#include "actors/api/apply/atoms.hpp"
#include "actors/api/apply/typed.hpp"

#include <map>
#include <set>
#include <vector>

namespace troupe::apply {
namespace {

json merged(const schema::type* of, const json& live, const json& config);

json merged_fields(const schema::type* of, const json& live, const json& config) {
  auto out = live;
  for (const auto& [name, value] : config.items()) {
    auto at = out.find(name);
    if (at == out.end())
      out[name] = value;
    else
      *at = merged(member_of(of, name).of, *at, value);
  }
  return out;
}

/// Goes along both lists at once: an entry of the live list that is not applied stays before the
/// applied one that it stood before.
class interleaving {
public:
  interleaving(const schema::type& list, const json& live, const json& config)
      : list_(list), live_(live), config_(config) {
    for (const auto& e : live)
      live_steps_.push_back(entry_step(list, e));
    for (const auto& e : config)
      config_steps_.push_back(entry_step(list, e));
    for (std::size_t i = live.size(); i-- > 0;)
      first_live_[live_steps_[i]] = i;
    applied_.insert(config_steps_.begin(), config_steps_.end());
  }

  json run() {
    std::size_t l = 0;
    for (std::size_t c = 0; c < config_.size(); ++c) {
      l = keep_until(l, before_applied(c, l));
      auto shared = first_live_.find(config_steps_[c]);
      out_.push_back(shared == first_live_.end()
                       ? config_[c]
                       : merged(list_.element, live_[shared->second], config_[c]));
    }
    keep_until(l, live_.size());
    return std::move(out_);
  }

private:
  /// Up to where the live entries come before the applied one: the next that both have, when it is
  /// still ahead.
  std::size_t before_applied(std::size_t c, std::size_t l) const {
    for (; c < config_.size(); ++c)
      if (auto shared = first_live_.find(config_steps_[c]); shared != first_live_.end())
        return shared->second >= l ? shared->second : live_.size();
    return live_.size();
  }

  /// Passes the live entries before `end`; those that are applied are put where the config wants.
  std::size_t keep_until(std::size_t l, std::size_t end) {
    for (; l < end; ++l)
      if (!applied_.contains(live_steps_[l]))
        out_.push_back(live_[l]);
    return l;
  }

  const schema::type& list_;
  const json& live_;
  const json& config_;
  std::vector<step> live_steps_;
  std::vector<step> config_steps_;
  std::map<step, std::size_t> first_live_;
  std::set<step> applied_;
  json out_ = json::array();
};

json merged(const schema::type* of, const json& live, const json& config) {
  auto kind = atom_of(of, config);
  if (kind == atom::leaf || atom_of(of, live) != kind || live.empty())
    return config;
  if (config.empty())
    return live;
  if (kind == atom::fields)
    return merged_fields(of, live, config);
  return interleaving{*of, live, config}.run();
}

} // namespace

json merge(const schema::type& of, const json& live, const json& config) {
  return merged(&of, live, config);
}

} // namespace troupe::apply
