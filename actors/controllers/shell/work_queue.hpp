// Which keys are to be planned: each once however often it was named, none twice at a time, with a
// growing pause after failures.
#pragma once

#include "config/base/clock.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace troupe::control {

class work_queue {
public:
  struct limits {
    duration first_pause = 10ms;
    duration longest_pause = 60s;
  };
  work_queue() = default;
  explicit work_queue(limits l) : limits_(l) {}

  void add(const std::string& key);
  /// Not before `at`; of several times the soonest counts.
  void add_at(const std::string& key, instant at);

  /// The next key, which is busy from now on; one that was added while busy comes after `done`.
  std::optional<std::string> next(instant now);
  /// It went well: its pauses are forgotten.
  void done(const std::string& key);
  /// It did not: again after its pause.
  void failed(const std::string& key, instant now);
  /// It has to wait until somebody calls unpark.
  void park(const std::string& key);
  void unpark();

  /// When `next` may have something; nullopt: nothing is planned.
  std::optional<instant> next_at() const;
  bool busy(const std::string& key) const { return busy_.contains(key); }
  std::size_t ready() const { return ready_.size(); }
  std::size_t parked() const { return parked_.size(); }

private:
  void wake(instant now);

  limits limits_;
  std::deque<std::string> ready_; // each key once: also in queued_
  std::set<std::string> queued_;
  std::set<std::string> busy_;
  std::set<std::string> again_; // added while busy
  std::set<std::string> parked_;
  std::map<std::string, instant> later_;
  std::set<std::pair<instant, std::string>> times_; // of later_
  std::map<std::string, duration> pauses_;
};

} // namespace troupe::control
