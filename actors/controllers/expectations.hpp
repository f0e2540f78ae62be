// What a controller has written and not yet seen: until it has, planning the key again would count
// wrong (and create too many pods). Kubernetes counts creations; here every write answers with its
// revision, so it is enough to wait until the informer of that resource has come as far.
#pragma once

#include "actors/controllers/action.hpp"

#include <map>

namespace troupe::control {

class expectations {
public:
  /// `patience`: after it, an expectation counts as fulfilled (an informer that lost its source
  /// must not stop a controller for ever). Kubernetes: 5 minutes.
  explicit expectations(duration patience = 5min) : patience_(patience) {}

  /// Orders of `key` are being performed: it is not settled until `performed`.
  void performing(const std::string& key, instant now);
  /// One order of `key` was answered: `of` will show it at `version`.
  void expect(const std::string& key, const resource& of, revision version, instant now);
  /// All orders of `key` are answered.
  void performed(const std::string& key);
  /// An outcome is unknown (timeout): `of` must show everything up to `barrier`, a revision that
  /// a linearizable read returned after the time-out.
  void doubt(const std::string& key, const resource& of, revision barrier, instant now) {
    expect(key, of, barrier, now);
  }
  void forget(const std::string& key) { keys_.erase(key); }

  /// The informer of `of` shows the state at `version`.
  void seen(const resource& of, revision version);
  revision seen(const resource& of) const;

  /// Whether a plan for `key` counts right.
  bool settled(const std::string& key, instant now);
  /// Keys that wait for something.
  std::size_t waiting() const { return keys_.size(); }

private:
  struct entry {
    bool busy = false;
    instant since{};
    std::map<resource, revision> until;
  };
  duration patience_;
  std::map<std::string, entry> keys_;
  std::map<resource, revision> seen_;
};

} // namespace troupe::control
