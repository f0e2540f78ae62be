// What the generic reconciler needs to know of a controller. ~30 lines each: register.cpp.
#pragma once

#include "actors/controllers/shell/cache.hpp"

namespace troupe::control {

/// What a plan may look at besides the cache.
struct moment {
  instant now{};
  std::uint64_t seed = 0;         // a new one for every plan
  std::optional<failure> trouble; // why the key's last performance ended early
};

using keys = std::set<std::string>;

struct registration {
  std::string name;      // of the actor: "deployment"
  std::string component; // of its events: "deployment-controller"
  std::vector<resource> reads;
  /// Which keys a change concerns.
  std::function<void(const cache& c, const resource& of, const api::object_ptr& now,
                     const api::object_ptr& before, keys& out)>
    concerns;
  /// The plan for one key; the key's object may be gone.
  std::function<actions(const cache& c, const std::string& key, const moment& m)> plan;
  /// Keys that are due by time alone; called every `every` while it is not zero.
  std::function<void(const cache& c, instant now, keys& out)> tick{};
  duration every{};
  /// Names chosen at random may be chosen twice by two leaders: before the first creations of a key
  /// in a scope, the list that they count (resource, namespace, label selector) is read from the
  /// API and compared with the cache.
  struct count_again {
    resource of;
    std::string ns;
    std::string selector;
  };
  std::function<std::optional<count_again>(const cache& c, const std::string& key)> counts{};
  /// Objects that must be asked for (a linearizable get): is the one with this uid there?
  struct question {
    resource of;
    std::string ns;
    std::string name;
    std::string uid;
  };
  std::function<std::vector<question>()> questions{};
  std::function<void(const question& q, bool there, keys& out)> answered{};
};

} // namespace troupe::control
