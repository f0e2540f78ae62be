// Watchers that follow a prefix through any master's hub, and go on from where they were when the
// hub, the subscription or the master is gone.
#pragma once

#include "tests/simulation/cluster.hpp"

namespace troupe::sim {

class watchers {
public:
  explicit watchers(cluster& c);
  watchers(const watchers&) = delete;
  watchers& operator=(const watchers&) = delete;

  /// Changes seen without a gap: all with after < at <= up_to must be in it.
  struct segment {
    revision after{};
    revision up_to{};
    std::vector<std::shared_ptr<const store::change>> seen;
  };
  struct watcher {
    std::string name;
    std::string prefix;
    bool exact = false;
    std::size_t at = 0; // master
    std::optional<revision> position;
    std::vector<segment> segments;
  };
  const std::vector<watcher>& all() const { return all_; }
  void stop() { stopped_ = true; }
  bool all_reached(revision r) const;

private:
  void begin(std::size_t who);
  void next(std::size_t who, std::shared_ptr<life> through, std::uint64_t subscription);
  void take(watcher& w, const storage::changes& got);
  void again(std::size_t who);

  cluster& c_;
  std::vector<watcher> all_;
  bool stopped_ = false;
};

} // namespace troupe::sim
